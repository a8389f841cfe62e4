// Whole trials on the synthetic data set.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "prototypes/network/identity.hpp"
#include "tests/trainer/networks.hpp"
#include "tests/trainer/scratch_folder.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/data/dataset.hpp"
#include "trainer/data/datasets.hpp"
#include "trainer/training/training_evaluator.hpp"
#include "trainer/training/training_run.hpp"

using namespace atto;
using namespace atto::train;

namespace {

const char* const kData = "synthetic:size=12,train=600,test=200,classes=6";

TrialRequest request_in(const std::filesystem::path& folder) {
  const DatasetInfo info = describe_dataset(kData);
  TrialRequest request;
  request.network = test::small_network(info.input(), info.classes);
  request.design_hash = net::hash_text(net::structure_hash(request.network));
  request.task.dataset = kData;
  request.recipe.batch = 32;
  request.recipe.learning_rate = 0.1;
  request.recipe.ema = 0.9;
  request.phase = Phase::Final;
  request.to_epoch = request.horizon_epochs = 3;
  request.seed = 11;
  request.folder = folder;
  return request;
}

TrialResult train_once(const TrialRequest& request, const Progress& progress = {}) {
  return TrainingEvaluator({DeviceChoice::Cpu, request.recipe.threads}).evaluate(request, progress);
}

void check_same(const TrialResult& a, const TrialResult& b) {
  REQUIRE(a.epochs.size() == b.epochs.size());
  for (std::size_t i = 0; i < a.epochs.size(); ++i) {
    INFO("epoch " << i + 1);
    CHECK(a.epochs[i].train_loss == b.epochs[i].train_loss);
    CHECK(a.epochs[i].validation_loss == b.epochs[i].validation_loss);
    CHECK(a.epochs[i].validation == b.epochs[i].validation);
    CHECK(a.epochs[i].learning_rate == b.epochs[i].learning_rate);
  }
}

std::string weights_in(const std::filesystem::path& folder) {
  return spec::read_file(folder / kWeightsName);
}

void corrupt(const std::filesystem::path& file, std::size_t at) {
  std::string bytes = spec::read_file(file);
  bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
  std::ofstream(file, std::ios::binary) << bytes;
}

}  // namespace

TEST_CASE("a trial learns, and leaves weights and a reference behind") {
  const test::ScratchFolder folder;
  TrialRequest request = request_in(folder.path());
  request.to_epoch = request.horizon_epochs = 6;
  request.judge_test = true;
  const TrialResult result = train_once(request);
  REQUIRE(result.outcome == Outcome::Finished);
  CHECK(result.epochs.back().train_loss < 0.8 * result.epochs.front().train_loss);
  CHECK(result.epochs.back().validation.at("top1") > 0.5);
  CHECK(result.test.at("top1") > 0.5);
  const net::TensorFile weights = net::read_safetensors(folder.path() / kWeightsName);
  net::check_weights(request.network, weights, "weights");
  CHECK(weights.metadata.at("design_hash") == request.design_hash);
  const net::TensorFile reference = net::read_safetensors(folder.path() / kReferenceName);
  CHECK(reference.tensors.at("inputs").shape == std::vector<std::int64_t>{64, 3, 12, 12});
  CHECK(reference.tensors.at("logits").shape == std::vector<std::int64_t>{64, 6});
}

TEST_CASE("on CUDA a trial learns as on the CPU, and goes on where it stopped", "[.cuda]") {
  const test::ScratchFolder there, here;
  TrialRequest request = request_in(there.path());
  request.horizon_epochs = 6;
  request.judge_test = true;
  {
    TrainingEvaluator cuda({DeviceChoice::Cuda, 1});
    CHECK(cuda.environment().find("device=cuda") != std::string::npos);
    request.to_epoch = 3;
    REQUIRE(cuda.evaluate(request, {}).outcome == Outcome::Finished);
  }
  request.to_epoch = 6;
  TrainingEvaluator cuda({DeviceChoice::Cuda, 1});
  const TrialResult result = cuda.evaluate(request, {});
  CHECK(cuda.take_notes().empty());
  REQUIRE(result.epochs.size() == 6);
  CHECK(result.test.at("top1") > 0.5);
  request.folder = here.path();
  const TrialResult wanted = train_once(request);
  for (std::size_t i = 0; i < 6; ++i) {
    INFO("epoch " << i + 1);
    CHECK(result.epochs[i].train_loss == Approx(wanted.epochs[i].train_loss).epsilon(0.1));
  }
  net::check_weights(request.network, net::read_safetensors(there.path() / kWeightsName),
                     "weights");
}

TEST_CASE("a finalist may train on a part of the images") {
  const test::ScratchFolder all, part;
  TrialRequest request = request_in(all.path());
  request.phase = Phase::Final;
  request.to_epoch = request.horizon_epochs = 1;
  train_once(request);
  request.folder = part.path();
  request.images = 64;
  request.judge_test = true;
  const TrialResult result = train_once(request);
  CHECK(result.outcome == Outcome::Finished);
  CHECK(result.test.count("top1") == 1);
  CHECK(weights_in(part.path()) != weights_in(all.path()));
}

TEST_CASE("the same request gives the same result, bit for bit") {
  const int threads = GENERATE(1, 2);
  const test::ScratchFolder one, two;
  TrialRequest request = request_in(one.path());
  request.recipe.threads = threads;
  request.recipe.cutout = 4;
  const TrialResult first = train_once(request);
  request.folder = two.path();
  check_same(first, train_once(request));
  CHECK(weights_in(one.path()) == weights_in(two.path()));
}

TEST_CASE("a process trains each trial with the threads that it asks for") {
  const test::ScratchFolder folder;
  const auto weights_of = [&](TrainingEvaluator& evaluator, int threads, const std::string& name) {
    TrialRequest request = request_in(folder.path() / name);
    request.recipe.threads = threads;
    REQUIRE(evaluator.evaluate(request, {}).outcome == Outcome::Finished);
    return weights_in(request.folder);
  };
  TrainingEvaluator lasting({DeviceChoice::Cpu, 1}), other({DeviceChoice::Cpu, 2});
  const std::string one = weights_of(lasting, 1, "one"), two = weights_of(lasting, 2, "two");
  // Sums are split by threads, so their last bits tell how many there were.
  CHECK(one != two);
  CHECK(weights_of(lasting, 1, "one again") == one);
  CHECK(weights_of(other, 2, "two again") == two);
}

TEST_CASE("another seed gives another result") {
  const test::ScratchFolder one, two;
  TrialRequest request = request_in(one.path());
  const TrialResult first = train_once(request);
  request.folder = two.path();
  request.seed = 12;
  CHECK(train_once(request).epochs.back().train_loss != first.epochs.back().train_loss);
}

TEST_CASE("a trial that was interrupted, or went rung by rung, ends as one that was not") {
  const test::ScratchFolder whole, parts;
  TrialRequest request = request_in(whole.path());
  const TrialResult undisturbed = train_once(request);
  request.folder = parts.path();

  SECTION("rung by rung") {
    request.phase = Phase::Search;
    request.to_epoch = 1;
    const TrialResult rung = train_once(request);
    REQUIRE(rung.epochs.size() == 1);
    CHECK(rung.epochs[0].validation_loss == undisturbed.epochs[0].validation_loss);
    request.to_epoch = 3;
    check_same(undisturbed, train_once(request));
    SECTION("and a lower rung asked for again is answered from the records") {
      request.to_epoch = 2;
      CHECK(train_once(request).epochs.size() == 2);
    }
    return;
  }
  SECTION("interrupted within the second epoch") {
    const TrialResult stopped =
        train_once(request, [](double share, const TrialResult&) { return share < 0.33; });
    REQUIRE(stopped.outcome == Outcome::Interrupted);
    REQUIRE(stopped.epochs.size() == 1);
  }
  SECTION("its checkpoint damaged") {
    const int damage = GENERATE(0, 1, 2);
    train_once(request, [](double share, const TrialResult&) { return share < 0.33; });
    const auto file = parts.path() / kCheckpointName;
    const auto size = std::filesystem::file_size(file);
    if (damage == 0) std::filesystem::resize_file(file, size / 2);
    if (damage == 1) corrupt(file, size - 9);
    if (damage == 2) corrupt(file, 3);
  }
  check_same(undisturbed, train_once(request));
  CHECK(weights_in(whole.path()) == weights_in(parts.path()));
}

TEST_CASE("validation is measured as seldom as the recipe says, and after the last epoch") {
  const test::ScratchFolder often, seldom;
  TrialRequest request = request_in(often.path());
  request.to_epoch = request.horizon_epochs = 5;
  const TrialResult all = train_once(request);
  request.folder = seldom.path();
  request.recipe.judge_every = 2;
  SECTION("at once") {}
  SECTION("and after it was interrupted, looked at at other epochs") {
    request.recipe.judge_every = 3;
    const TrialResult stopped =
        train_once(request, [](double share, const TrialResult&) { return share < 0.1; });
    REQUIRE(stopped.outcome == Outcome::Interrupted);
    request.recipe.judge_every = 2;
  }
  const TrialResult some = train_once(request);
  REQUIRE(some.epochs.size() == 5);
  for (const EpochRecord& epoch : some.epochs) {
    INFO(epoch.epoch);
    const EpochRecord& same = all.epochs[std::size_t(epoch.epoch - 1)];
    const bool is_judged = epoch.epoch % 2 == 0 || epoch.epoch == 5;
    CHECK(std::isnan(epoch.validation_loss) == !is_judged);
    CHECK(epoch.validation == (is_judged ? same.validation : spec::ScoreValues{}));
    CHECK(epoch.train_loss == same.train_loss);
  }
  CHECK(some.test == all.test);
  CHECK(weights_in(often.path()) == weights_in(seldom.path()));
}

TEST_CASE("a training that drops values drops the same ones after it was interrupted") {
  const test::ScratchFolder whole, parts, other;
  TrialRequest request = request_in(whole.path());
  test::NetworkBuilder b(request.network.input, request.network.classes);
  int at = b.add(net::LayerNorm{}, {b.unit(0, 16, 3, 2, 1)});
  at = b.add(net::LayerScale{0.5}, {b.add(net::Deconv{8, 2, true}, {at})});
  request.network = b.finish(b.add(net::Dropout{0.3}, {at}));
  const TrialResult undisturbed = train_once(request);
  request.folder = parts.path();
  const TrialResult stopped =
      train_once(request, [](double share, const TrialResult&) { return share < 0.33; });
  REQUIRE(stopped.outcome == Outcome::Interrupted);
  check_same(undisturbed, train_once(request));
  CHECK(weights_in(whole.path()) == weights_in(parts.path()));
  request.folder = other.path();
  std::get<net::Dropout>(request.network.layers[7].op).rate = 0;
  CHECK(train_once(request).epochs[0].train_loss != undisturbed.epochs[0].train_loss);
}

TEST_CASE("a checkpoint of another recipe is not continued") {
  const test::ScratchFolder folder;
  TrialRequest request = request_in(folder.path());
  request.to_epoch = 1;
  train_once(request);
  request.recipe.weight_decay = 1e-3;
  TrainingEvaluator evaluator({DeviceChoice::Cpu, 1});
  evaluator.evaluate(request, {});
  const auto notes = evaluator.take_notes();
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].find("is of another run") != std::string::npos);
}

TEST_CASE("a learning rate that explodes is a result with a reason") {
  const test::ScratchFolder folder;
  TrialRequest request = request_in(folder.path());
  request.recipe.learning_rate = 1e6;
  const TrialResult result = train_once(request);
  CHECK(result.outcome == Outcome::Diverged);
  CHECK(result.reason.find("epoch 1") != std::string::npos);
}

TEST_CASE("a network that does not fit into memory is a result with a reason") {
  const test::ScratchFolder folder;
  TrialRequest request = request_in(folder.path());
  const DatasetInfo info = describe_dataset(kData);
  request.network = test::separable_network(info.input(), info.classes, 65536, 9);
  request.recipe.batch = 65536;
  const TrialResult result = train_once(request);
  CHECK(result.outcome == Outcome::Failed);
  CHECK(result.reason.find("out of memory: a batch of 65536 needs about") == 0);
}

TEST_CASE("a data set that is not there is the environment's fault") {
  const test::ScratchFolder folder;
  TrialRequest request = request_in(folder.path());
  request.task.dataset = "no_such_set";
  CHECK_THROWS_AS(train_once(request), EnvironmentError);
}

TEST_CASE("a folder that cannot be written is the environment's fault") {
  TrialRequest request = request_in("/proc/atto/none");
  CHECK_THROWS_AS(train_once(request), EnvironmentError);
}

TEST_CASE("recalibrated statistics are the means over whole batches") {
  const Dataset data = load_dataset(describe_dataset(kData));
  const net::Network network = test::small_network(data.info.input(), data.info.classes);
  const ParameterLayout layout(network);
  const std::vector<float> weights = initial_weights(network, layout, 1);
  const auto backend = make_cpu_backend(network, layout, {Device::Cpu, 1, 540});
  const std::vector<std::int32_t> images = data.train;
  // One batch of all images has the statistics of the whole; averages of small ones come near.
  std::vector<float> exact = neutral_statistics(layout);
  std::vector<float> pixels(images.size() * static_cast<std::size_t>(data.image_bytes()));
  write_batch(data, images, {}, 0, 0, 1, pixels.data());
  backend->measure_statistics(weights.data(), {pixels.data(), static_cast<int>(images.size())}, 1.0,
                              exact.data());
  const std::vector<float> got =
      recalibrated_statistics(*backend, layout, weights, data, images, 32, 1);
  REQUIRE(got.size() == exact.size());
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    difference += std::pow(got[i] - exact[i], 2);
    norm += std::pow(exact[i], 2);
  }
  CHECK(std::sqrt(difference / norm) < 0.1);
  CHECK(got != neutral_statistics(layout));
}
