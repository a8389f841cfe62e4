// A second task through the same run: two outputs, targets that are maps and move with the images,
// a score that is better when it is lower, and no classes.
#include "trainer/training/task.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/seeds/random.hpp"
#include "prototypes/network/identity.hpp"
#include "tests/trainer/networks.hpp"
#include "tests/trainer/scratch_folder.hpp"
#include "trainer/data/batches.hpp"
#include "trainer/training/network_task.hpp"
#include "trainer/training/trained_files.hpp"
#include "trainer/training/training_run.hpp"

using namespace atto;
using namespace atto::train;

namespace {

constexpr int kSide = 12, kHalf = kSide / 2;

const Dataset& data() {
  static const Dataset kData =
      load_dataset(describe_dataset("synthetic:size=12,train=400,test=80,classes=4"));
  return kData;
}

/// A map of half the size, and one number beside it.
net::Network brightness_network() {
  test::NetworkBuilder b({3, kSide, kSide}, 1);
  const int stem = b.unit(0, 8, 3, 2, 1, net::Activation::Tanh);
  const int body = b.unit(stem, 8, 3, 1, 8, net::Activation::Tanh);
  const int map = b.add(net::Conv{1, 1, 1, 1, 1, true}, {body});
  net::Network network = b.finish(body);
  network.outputs = {{"all", network.outputs.at(0).layer}, {"map", map}};
  for (int i = stem + 1; i <= body; ++i) {
    std::string& name = network.layers[static_cast<std::size_t>(i)].name;
    name = "stages[0].modules[0]." + name;
  }
  return network;
}

/// Says how bright each 2x2 block is, and the whole image: the square of the difference is the
/// loss.
class Brightness : public NetworkTask {
 public:
  explicit Brightness(const TaskSetting& setting) : NetworkTask(setting, {0, 1}) {}

  Judgement judge(const TrainedWeights& trained, std::span<const std::int32_t> images) override {
    double sum = 0;
    infer_images(*backend_, trained, data_, images, batch_, 1,
                 [&](const Maps& maps, std::span<const std::int32_t> part) {
                   sum += loss(maps, {part, 0}, nullptr);
                 });
    const double error = sum / static_cast<double>(images.size());
    return {error, {{"error", error}}, std::isfinite(error) ? "" : "maps are not finite", {}};
  }
  double hopeless_loss() const override { return 100; }
  net::TensorFile reference(const TrainedWeights& trained,
                            std::span<const std::int32_t> images) override {
    net::TensorFile file;
    const Maps maps =
        run_by_torch(request_.network, data_, images, layout_, trained, outputs_, file);
    file.tensors["map"] =
        float_tensor(maps.at(1), {static_cast<std::int64_t>(images.size()), 1, kHalf, kHalf});
    return file;
  }

 protected:
  double loss(const Maps& outputs, const Samples& samples, Maps* slopes) const override {
    const std::size_t count = samples.images.size();
    std::vector<float> pixels(count * static_cast<std::size_t>(data_.image_bytes()));
    write_batch(data_, samples.images, request_.recipe, request_.seed, samples.epoch, 1,
                pixels.data());
    std::vector<float> blocks(count * kHalf * kHalf), wholes(count);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      const std::size_t image = i / (3 * kSide * kSide), pixel = i / 3 % (kSide * kSide);
      const std::size_t block = pixel / kSide / 2 * kHalf + pixel % kSide / 2;
      blocks[image * kHalf * kHalf + block] += pixels[i] / 12;
      wholes[image] += pixels[i] / (3 * kSide * kSide);
    }
    const double by_whole =
        squares(outputs.at(0), wholes, 1.0 / double(count), slopes ? &slopes->at(0) : nullptr);
    return by_whole + squares(outputs.at(1), blocks, 1.0 / double(count * kHalf * kHalf),
                              slopes ? &slopes->at(1) : nullptr) /
                          (kHalf * kHalf);
  }

 private:
  static double squares(const std::vector<float>& got, const std::vector<float>& wanted,
                        double weight, std::vector<float>* slopes) {
    double sum = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const double difference = double(got[i]) - wanted[i];
      sum += difference * difference;
      if (slopes) (*slopes)[i] = static_cast<float>(2 * difference * weight);
    }
    return sum;
  }
};

std::unique_ptr<Task> make_brightness(const TaskSetting& setting) {
  return std::make_unique<Brightness>(setting);
}

TrialRequest brightness_request(const std::filesystem::path& folder) {
  TrialRequest request;
  request.network = brightness_network();
  request.design_hash = net::hash_text(net::structure_hash(request.network));
  request.task.kind = {
      "brightness",
      {{"error", "error", "mean error", spec::Unit::Number, spec::Better::Less, 0, 10, true}}};
  request.recipe.batch = 24;
  request.recipe.learning_rate = 0.05;
  request.recipe.ema = 0.9;
  request.to_epoch = request.horizon_epochs = 4;
  request.judge_test = true;
  request.phase = Phase::Final;
  request.seed = 3;
  request.folder = folder;
  return request;
}

TrialResult train_brightness(const TrialRequest& request, const Progress& progress = {}) {
  return TrainingRun(request, data(), make_brightness, Device::Cpu, progress).run();
}

std::vector<double> errors_of(const TrialResult& result) {
  std::vector<double> errors;
  for (const EpochRecord& record : result.epochs) errors.push_back(record.validation.at("error"));
  return errors;
}

}  // namespace

TEST_CASE("a second task is trained, judged, probed and scored by the same run") {
  const test::ScratchFolder folder;
  TrialRequest request = brightness_request(folder.path());
  request.wants_responses = request.wants_scores = true;
  const TrialResult result = train_brightness(request);
  REQUIRE(result.outcome == Outcome::Finished);
  const std::vector<double> errors = errors_of(result);
  REQUIRE(errors.size() == 4);
  CHECK(errors.back() < 0.5 * errors.front());
  CHECK(result.epochs.back().validation_loss == errors.back());
  CHECK(result.test.at("error") == Approx(errors.back()).epsilon(0.5));
  CHECK(result.scores.size() == 2);
  const net::ModuleResponses& module = result.epochs.back().responses.at("stages[0].modules[0]");
  CHECK(module.gradient_norm > 0);
  CHECK(module.class_separation_gained == 0);
  const net::TensorFile reference = net::read_safetensors(folder.path() / net::kReferenceName);
  CHECK(reference.tensors.at("inputs").shape == std::vector<std::int64_t>{64, 3, kSide, kSide});
  CHECK(reference.tensors.at("map").shape == std::vector<std::int64_t>{64, 1, kHalf, kHalf});
  CHECK(reference.metadata.contains("weights_digest"));
}

TEST_CASE("the gradients of a second task's step are central differences of its loss") {
  const test::ScratchFolder folder;
  const TrialRequest request = brightness_request(folder.path());
  const auto task = make_brightness({request, data(), Device::Cpu, 24});
  const std::vector<float> weights = initial_weights(request.network, task->layout(), 5);
  // The last batch of a set may be smaller.
  for (const std::size_t count : {24, 7}) {
    const auto images = std::span(data().train).first(count);
    std::vector<float> gradients(weights.size()), unused(weights.size());
    task->step(weights, images, 1, gradients);
    double norm = 0;
    for (const float g : gradients) norm += double(g) * g;
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      spec::Random random(seed);
      std::vector<float> up = weights, down = weights;
      double slope = 0;
      constexpr double kStep = 2e-3;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        const double along = random.normal();
        slope += along * gradients[i];
        up[i] += static_cast<float>(kStep * along);
        down[i] -= static_cast<float>(kStep * along);
      }
      const double difference =
          (task->step(up, images, 1, unused) - task->step(down, images, 1, unused)) / (2 * kStep);
      CHECK(slope == Approx(difference).epsilon(0.01).margin(0.005 * std::sqrt(norm)));
    }
  }
}

TEST_CASE("a second task's training goes on from its checkpoint, with its own scores") {
  const test::ScratchFolder whole, parts;
  const TrialResult undisturbed = train_brightness(brightness_request(whole.path()));
  TrialRequest request = brightness_request(parts.path());
  const TrialResult stopped =
      train_brightness(request, [](double share, const TrialResult&) { return share < 0.4; });
  REQUIRE(stopped.outcome == Outcome::Interrupted);
  REQUIRE(!stopped.epochs.empty());
  const TrialResult resumed = train_brightness(request);
  CHECK(errors_of(resumed) == errors_of(undisturbed));
  CHECK(resumed.epochs.front().cpu_seconds == stopped.epochs.front().cpu_seconds);
  CHECK(spec::read_file(whole.path() / net::kWeightsName) ==
        spec::read_file(parts.path() / net::kWeightsName));
  SECTION("and no other task takes it up") {
    request.task.kind.name = "darkness";
    TrainingRun run(request, data(), make_brightness, Device::Cpu, {});
    run.run();
    CHECK(run.ignored_checkpoint().find("is of another run") != std::string::npos);
  }
}

TEST_CASE("weights that a task's judge finds useless end the training with its reason") {
  const test::ScratchFolder folder;
  TrialRequest request = brightness_request(folder.path());
  request.recipe.learning_rate = 1e30;
  const TrialResult result = train_brightness(request);
  CHECK(result.outcome == Outcome::Diverged);
  CHECK(!result.reason.empty());
}

TEST_CASE("every task that can be trained is one that a spec can name, in their order") {
  std::size_t row = 0;
  for (const spec::TaskKind& kind : spec::task_kinds())
    if (row < task_rows().size() && task_rows()[row].name == kind.name) ++row;
  CHECK(row == task_rows().size());
  CHECK_THROWS_WITH(
      find_task("juggling"),
      "task juggling: this trainer knows classification, detection, instance_segmentation");
}
