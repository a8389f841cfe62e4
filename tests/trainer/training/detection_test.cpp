// Detectors: the gradients of the whole loss, training, judging.
#include "trainer/training/detection.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/seeds/random.hpp"
#include "tests/trainer/detectors.hpp"
#include "tests/trainer/scratch_folder.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/data/instances/anchor_reach.hpp"
#include "trainer/data/instances/instance_dataset.hpp"
#include "trainer/training/scenes.hpp"
#include "trainer/training/trained_files.hpp"
#include "trainer/training/training_evaluator.hpp"
#include "trainer/training/training_run.hpp"

using namespace atto;
using namespace atto::train;
using test::MaskInput;
using test::tiny_detector;

namespace {

constexpr net::Shape kInput = {3, 64, 64};
constexpr int kClasses = 3;

const Dataset& data() {
  static const Dataset kData = instance_dataset(
      open_instance_set("synthetic_instances:size=64,train=8,validation=4,test=4"), kInput);
  return kData;
}

std::vector<spec::Score> scores() {
  std::vector<spec::Score> all;
  for (const char* name : {"mask_map", "mask_map50", "box_map", "box_map50"})
    all.push_back(
        {name, name, "average precision", spec::Unit::Share, spec::Better::More, 0, 1, true});
  return all;
}

TrialRequest request_in(const std::filesystem::path& folder,
                        net::DetectorParts parts = tiny_detector(kClasses)) {
  TrialRequest request;
  request.network = parts.trunk;
  request.detector = std::make_shared<const net::DetectorParts>(std::move(parts));
  request.design_hash = "tiny";
  request.task.kind = {"instance_segmentation", scores()};
  request.recipe.batch = 8;
  request.recipe.learning_rate = 0.02;
  request.recipe.clip_norm = 5;
  request.recipe.ema = 0;
  request.recipe.weight_decay = 1e-4;
  request.to_epoch = request.horizon_epochs = 3;
  request.phase = Phase::Final;
  request.judge_test = true;
  request.seed = 3;
  request.folder = folder;
  return request;
}

/// A detector, and a step that it can take.
struct Prepared {
  Prepared(const net::DetectorParts& parts, BackendMaker make, int threads = 1)
      : detector(parts, {Device::Cpu, threads, 4, make}),
        scenes(read_scenes(data(), std::span(data().train).first(4), {}, 3, 1, threads)),
        weights(detector.initial_weights(5)) {
    // Away from where all logits are equal.
    spec::Random random(11);
    for (float& w : weights) w += 0.03F * static_cast<float>(random.normal());
    detector.load(weights);
    samples = detector.draw(scenes.step());
  }
  double loss(const std::vector<float>& at, std::vector<float>& gradients) {
    detector.load(at);
    return detector.step(scenes.step(), &samples, gradients);
  }
  Detector detector;
  Scenes scenes;
  std::vector<float> weights;
  DrawnSamples samples;
};

double norm_of(std::span<const float> values) {
  double squares = 0;
  for (const float v : values) squares += double(v) * v;
  return std::sqrt(squares);
}

}  // namespace

TEST_CASE("the gradients of a detector's whole loss are central differences") {
  const MaskInput mask = GENERATE(MaskInput::None, MaskInput::OwnCrops, MaskInput::BoxFeatures);
  Prepared all(tiny_detector(kClasses, mask, true), make_cpu_backend);
  REQUIRE(all.samples.regions.size() > 40);
  REQUIRE(all.samples.masked.empty() == (mask == MaskInput::None));
  std::vector<float> gradients(all.weights.size()), unused(all.weights.size());
  all.loss(all.weights, gradients);
  // Ten weights of each part: of a tensor that is drawn, those with a slope of at least the
  // tensor's middling one, since floats round the differences of others away.
  for (const std::string part : {"trunk", "proposal", "box", "mask"}) {
    std::vector<const Slot*> slots;
    for (const Slot& slot : all.detector.layout().slots)
      if (slot.spec.trained && slot.spec.name.starts_with(part)) slots.push_back(&slot);
    if (part == "mask" && mask == MaskInput::None) {
      CHECK(slots.empty());
      continue;
    }
    spec::Random random(spec::hash_bytes(part));
    for (int tried = 0; tried < 10;) {
      const Slot& slot = *slots[random.below(slots.size())];
      const auto own = std::span(gradients).subspan(slot.offset, slot.elements);
      const std::size_t at = slot.offset + random.below(slot.elements);
      const double middling = norm_of(own) / std::sqrt(double(slot.elements));
      if (std::abs(gradients[at]) < middling) continue;
      ++tried;
      INFO(slot.spec.name << " " << at - slot.offset);
      std::vector<float> moved = all.weights;
      const float step = 0.01F;
      moved[at] = all.weights[at] + step;
      const double above = all.loss(moved, unused);
      moved[at] = all.weights[at] - step;
      const double below = all.loss(moved, unused);
      CHECK(gradients[at] == Approx((above - below) / (2 * step)).epsilon(0.03).margin(2e-4));
    }
  }
}

TEST_CASE("our kernels and LibTorch agree on a detector's loss and gradients") {
  const MaskInput mask = GENERATE(MaskInput::OwnCrops, MaskInput::BoxFeatures);
  Prepared ours(tiny_detector(kClasses, mask), make_cpu_backend, 2),
      oracle(tiny_detector(kClasses, mask), make_torch_backend);
  oracle.samples = ours.samples;
  std::vector<float> got(ours.weights.size()), wanted(got.size());
  const double loss = ours.loss(ours.weights, got), far = oracle.loss(ours.weights, wanted);
  CHECK(loss == Approx(far).epsilon(1e-4));
  double product = 0;
  for (std::size_t i = 0; i < got.size(); ++i) product += double(got[i]) * wanted[i];
  CHECK(product / (norm_of(got) * norm_of(wanted)) > 0.9999);
}

TEST_CASE("what is sampled follows from seeds, and threads change no gradient's sums") {
  Prepared one(tiny_detector(kClasses), make_cpu_backend),
      two(tiny_detector(kClasses), make_cpu_backend);
  REQUIRE(one.samples.regions.size() == two.samples.regions.size());
  for (std::size_t i = 0; i < one.samples.regions.size(); ++i)
    CHECK(one.samples.regions[i].box == two.samples.regions[i].box);
  std::vector<float> first(one.weights.size()), second(first.size());
  CHECK(one.loss(one.weights, first) == two.loss(one.weights, second));
  CHECK(first == second);
  // Another epoch sees other views and draws other samples.
  const Scenes later = read_scenes(data(), std::span(data().train).first(4), {}, 3, 2, 1);
  CHECK(later.seeds != one.scenes.seeds);
}

TEST_CASE("a detector overfits eight scenes") {
  const test::ScratchFolder folder;
  TrialRequest request = request_in(folder.path());
  request.recipe.flip = false;
  const auto task = make_detection({request, data(), Device::Cpu, 8});
  OptimiserState state;
  state.weights = task->initial_weights();
  state.momentum.assign(state.weights.size(), 0.0F);
  std::vector<float> gradients(state.weights.size());
  double first = 0, last = 0;
  constexpr int kSteps = 300;
  for (int step = 0; step < kSteps; ++step) {
    last = task->step(state.weights, data().train, 1 + step, gradients);
    if (step == 0) first = last;
    clip(gradients, 5);
    const double rate =
        0.1 * std::min(1.0, step / 20.0) * (0.5 + 0.5 * std::cos(M_PI * step / kSteps));
    update(state, gradients, task->layout().decayed, request.recipe, rate, step);
  }
  CHECK(last < 0.2 * first);
  const TrainedWeights trained{state.weights, task->statistics(state.weights, data().train)};
  const Judgement judgement = task->judge(trained, data().train);
  INFO("loss " << first << " to " << last);
  CHECK(judgement.fault.empty());
  CHECK(judgement.scores.at("mask_map50") >= 0.95);
  CHECK(judgement.scores.at("box_map50") >= 0.95);
  CHECK(judgement.scores.at("mask_map") <= judgement.scores.at("mask_map50"));
}

TEST_CASE("a detector's training goes on from its checkpoint, and is the same every time") {
  const test::ScratchFolder whole, parts;
  const auto train = [](const TrialRequest& request, const Progress& progress = {}) {
    return TrainingRun(request, data(), make_detection, Device::Cpu, progress).run();
  };
  TrialRequest request = request_in(whole.path());
  request.recipe.scale_jitter = 0.25;
  request.recipe.batch = 4;
  const TrialResult undisturbed = train(request);
  REQUIRE(undisturbed.outcome == Outcome::Finished);
  CHECK(undisturbed.test.contains("mask_map50"));
  request.folder = parts.path();
  const TrialResult stopped =
      train(request, [](double share, const TrialResult&) { return share < 0.5; });
  REQUIRE(stopped.outcome == Outcome::Interrupted);
  const TrialResult resumed = train(request);
  REQUIRE(resumed.epochs.size() == 3);
  CHECK(resumed.epochs.back().train_loss == undisturbed.epochs.back().train_loss);
  CHECK(resumed.epochs.back().validation_loss == undisturbed.epochs.back().validation_loss);
  CHECK(resumed.epochs.back().validation == undisturbed.epochs.back().validation);
  CHECK(spec::read_file(whole.path() / kWeightsName) ==
        spec::read_file(parts.path() / kWeightsName));
  const net::TensorFile reference = net::read_safetensors(whole.path() / kReferenceName);
  CHECK(reference.tensors.at("boxes").shape == std::vector<std::int64_t>{4, 20, 4});
  CHECK(reference.tensors.at("masks").shape == std::vector<std::int64_t>{4, 20, 14, 14});
  SECTION("and its files hold every part") {
    const net::TensorFile weights = net::read_safetensors(whole.path() / kWeightsName);
    for (const char* part : {"trunk.layer1", "proposal.layer1", "box.layer1", "mask.layer1"})
      CHECK(weights.tensors.contains(std::string(part) + ".weight"));
  }
}

TEST_CASE("a detector learns cuts of larger pictures, and is judged on their tiles") {
  const auto opened = [](const std::string& name) {
    return instance_dataset(open_instance_set(name), kInput);
  };
  const std::string set = "synthetic_instances:size=100,train=8,validation=2,test=1";
  const Dataset whole = opened(set), tiles = opened(set + ",tiles=64");
  const test::ScratchFolder first, second;
  const auto train = [](const Dataset& of, TrialRequest request) {
    request.data = identity_of(of.info);
    request.recipe.scale_jitter = 0.25;
    request.to_epoch = request.horizon_epochs = 1;
    return TrainingRun(request, of, make_detection, Device::Cpu, {}).run();
  };
  const TrialResult result = train(tiles, request_in(first.path()));
  REQUIRE(result.outcome == Outcome::Finished);
  CHECK(result.test.contains("mask_map50"));
  CHECK(train(tiles, request_in(second.path())).epochs[0].train_loss ==
        result.epochs[0].train_loss);
  CHECK(spec::read_file(first.path() / kWeightsName) ==
        spec::read_file(second.path() / kWeightsName));
  const net::TensorFile reference = net::read_safetensors(first.path() / kReferenceName);
  CHECK(reference.tensors.at("boxes").shape == std::vector<std::int64_t>{4, 20, 4});
  // The other scale is another training, with other anchors.
  CHECK(train(whole, request_in(second.path())).epochs[0].train_loss !=
        result.epochs[0].train_loss);
  net::DetectorParts parts = tiny_detector(kClasses);
  parts.settings.anchors.sizes.clear();
  const auto seen = fitted_anchors(parts, *tiles.instances);
  const auto scaled = fitted_anchors(parts, *whole.instances);
  CHECK(seen.sizes[0][0] > 1.2 * scaled.sizes[0][0]);
}

TEST_CASE("a detector is probed and scored as its trunk") {
  const test::ScratchFolder folder;
  TrialRequest request = request_in(folder.path());
  request.wants_responses = request.wants_scores = true;
  request.to_epoch = request.horizon_epochs = 1;
  const TrialResult result = TrainingRun(request, data(), make_detection, Device::Cpu, {}).run();
  REQUIRE(result.outcome == Outcome::Finished);
  CHECK(result.epochs.front().responses.at("").gradient_norm > 0);
  CHECK(result.epochs.front().responses.at("").class_separation_gained != 0);
  CHECK(result.scores.contains(""));
}

TEST_CASE("a data set that is not what a detector is for is the environment's fault") {
  const net::DetectorParts parts = tiny_detector(kClasses);
  CHECK_NOTHROW(expect_detector(parts, data()));
  CHECK_THROWS_AS(expect_detector(tiny_detector(4), data()), EnvironmentError);
  const Dataset other = instance_dataset(
      open_instance_set("synthetic_instances:size=64,train=4,validation=1,test=1"), {3, 96, 96});
  CHECK_THROWS_AS(expect_detector(parts, other), EnvironmentError);
  CHECK_THROWS_WITH(
      expect_detector(
          parts, load_dataset(describe_dataset("synthetic:size=64,train=40,test=10,classes=3"))),
      Catch::Contains("has no objects in its images"));
}

TEST_CASE("anchors are fitted to the boxes that the network sees") {
  net::DetectorParts parts = tiny_detector(kClasses);
  parts.settings.anchors.sizes.clear();
  const spec::AnchorSettings fitted = fitted_anchors(parts, *data().instances);
  REQUIRE(fitted.sizes.size() == 3);
  CHECK(fitted.ratios.size() == 3);
  CHECK(fitted.shapes_a_cell() == 3);
  for (std::size_t i = 1; i < 3; ++i) CHECK(fitted.sizes[i - 1][0] < fitted.sizes[i][0]);
}

TEST_CASE("a training begins with what another one's weights have the names and shapes of") {
  const test::ScratchFolder first, second;
  TrialRequest request = request_in(first.path());
  request.to_epoch = request.horizon_epochs = 1;
  TrainingRun(request, data(), make_detection, Device::Cpu, {}).run();
  request.folder = second.path();
  request.detector =
      std::make_shared<const net::DetectorParts>(tiny_detector(kClasses, MaskInput::None));
  request.start = std::make_shared<const StartingWeights>(
      StartingWeights{net::read_safetensors(first.path() / kWeightsName), "digest"});
  request.recipe.learning_rate = request.recipe.weight_decay = 0;
  TrainingRun(request, data(), make_detection, Device::Cpu, {}).run();
  const net::TensorFile from = net::read_safetensors(first.path() / kWeightsName),
                        to = net::read_safetensors(second.path() / kWeightsName);
  CHECK(to.tensors.at("trunk.layer1.weight").bytes == from.tensors.at("trunk.layer1.weight").bytes);
  CHECK(to.tensors.at("box.layer1.weight").bytes == from.tensors.at("box.layer1.weight").bytes);
  CHECK(!to.tensors.contains("mask.layer1.weight"));
}

TEST_CASE("pictures without objects are learnt of: nothing is there") {
  Prepared all(tiny_detector(kClasses), make_cpu_backend);
  for (Scene& scene : all.scenes.scenes) scene.objects.clear();
  all.detector.load(all.weights);
  all.samples = all.detector.draw(all.scenes.step());
  CHECK(all.samples.anchors.size() == 4 * kSampledAnchors);
  CHECK(all.samples.masked.empty());
  for (const RegionSample& region : all.samples.regions) CHECK(region.label == 0);
  std::vector<float> gradients(all.weights.size());
  CHECK(std::isfinite(all.loss(all.weights, gradients)));
  for (const Slot& slot : all.detector.layout().slots) {
    if (!slot.spec.trained || slot.spec.name.starts_with("stages")) continue;
    const double norm = norm_of(std::span(gradients).subspan(slot.offset, slot.elements));
    INFO(slot.spec.name);
    CHECK(std::isfinite(norm));
    if (slot.spec.name.starts_with("mask")) CHECK(norm == 0);
  }
}

TEST_CASE("what lies in a crowd is neither object nor background") {
  Scene scene;
  scene.objects.push_back({{0, 0, 40, 40}, 1, true, {}});
  scene.objects.push_back({{44, 44, 60, 60}, 0, false, {}});
  const std::vector<det::Box> proposals = {{2, 2, 20, 20}, {0, 44, 16, 60}, {45, 44, 60, 60}};
  DrawnSamples samples;
  draw_regions(proposals, scene, 0, 1, samples);
  // The object itself is a candidate, too.
  REQUIRE(samples.regions.size() == 3);
  CHECK(samples.regions[0].box == proposals[2]);
  CHECK(samples.regions[0].label == 1);
  CHECK(samples.regions[0].object == 1);
  CHECK(samples.regions[1].box == scene.objects[1].box);
  CHECK(samples.regions[1].delta.x == 0);
  CHECK(samples.regions[2].box == proposals[1]);
  CHECK(samples.regions[2].label == 0);
  CHECK(samples.masked.empty());  // the object has none
}

TEST_CASE("the parts of a detector share one buffer, what decays first") {
  const net::DetectorParts parts = tiny_detector(kClasses);
  const ParameterLayout trunk(parts.trunk), box(parts.box);
  const JointLayout joint({&trunk, &box});
  const ParameterLayout& whole = joint.whole();
  CHECK(whole.decayed == trunk.decayed + box.decayed);
  CHECK(whole.trained == trunk.trained + box.trained);
  CHECK(whole.statistics == trunk.statistics + box.statistics);
  std::vector<float> weights(whole.trained), first, second;
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i);
  joint.take(0, weights, first);
  joint.take(1, weights, second);
  // A tensor is where the whole says, under its own name.
  const Slot& last = box.slots.back();
  for (const Slot& slot : whole.slots)
    if (slot.spec.name == last.spec.name) {
      CHECK(second[last.offset] == weights[slot.offset]);
      CHECK((slot.offset < whole.decayed) == (last.offset < box.decayed));
    }
  std::vector<float> again(weights.size());
  joint.put(0, first, again);
  joint.put(1, second, again);
  CHECK(again == weights);
  joint.add(1, second, again);
  joint.take(1, again, first);
  CHECK(first.back() == 2 * second.back());
}

TEST_CASE(
    "an evaluator trains a detector by the name of its task, and finds its set of instances") {
  const test::ScratchFolder folder;
  TrialRequest request = request_in(folder.path());
  request.task.kind = spec::task_kinds().at(2);
  REQUIRE(request.task.kind.name == "instance_segmentation");
  request.task.dataset = "synthetic_instances:size=64,train=8,validation=4,test=4";
  request.to_epoch = request.horizon_epochs = 1;
  TrainingEvaluator evaluator({DeviceChoice::Cpu, 1});
  const TrialResult result = evaluator.evaluate(request, {});
  CHECK(result.outcome == Outcome::Finished);
  for (const spec::Score& score : request.task.kind.scores) {
    INFO(score.name);
    CHECK(result.epochs.front().validation.contains(score.name));
    CHECK(result.test.contains(score.name));
  }
  request.data.digest = "of another set";
  request.data.name = request.task.dataset;
  CHECK_THROWS_WITH(TrainingEvaluator({DeviceChoice::Cpu, 1}).evaluate(request, {}),
                    Catch::Contains("was changed or replaced"));
  request.data = {};
  request.detector = nullptr;
  request.task.dataset = "synthetic:size=64,train=40,test=10,classes=3";
  CHECK_THROWS_WITH(evaluator.evaluate(request, {}), Catch::Contains("is no detector"));
}
