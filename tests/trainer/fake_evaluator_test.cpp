// The fake evaluator keeps the contract of evaluator.hpp.
#include "trainer/fake_evaluator.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "prototypes/network/identity.hpp"
#include "tests/trainer/networks.hpp"
#include "tests/trainer/scratch_folder.hpp"
#include "trainer/data/datasets.hpp"

using namespace atto;
using namespace atto::train;

namespace {

TrialRequest request_in(const std::filesystem::path& folder, int width = 32) {
  TrialRequest request;
  request.network = test::separable_network({3, 32, 32}, 10, width, 3);
  request.design_hash = net::hash_text(net::structure_hash(request.network));
  request.to_epoch = request.horizon_epochs = 4;
  request.seed = 5;
  request.folder = folder;
  return request;
}

std::vector<spec::ScoreValues> scores_of(const TrialResult& result) {
  std::vector<spec::ScoreValues> values;
  for (const EpochRecord& record : result.epochs) values.push_back(record.validation);
  return values;
}

}  // namespace

TEST_CASE("a fake trial that was stopped and taken up again ends as one that was not") {
  const test::ScratchFolder whole, parts;
  FakeEvaluator evaluator({0, 0, true});
  const TrialResult undisturbed = evaluator.evaluate(request_in(whole.path()), {});
  REQUIRE(undisturbed.epochs.size() == 4);
  const TrialResult stopped = evaluator.evaluate(
      request_in(parts.path()),
      [](double, const TrialResult& so_far) { return so_far.epochs.size() < 2; });
  REQUIRE(stopped.outcome == Outcome::Interrupted);
  SECTION("with its checkpoint") {}
  SECTION("with a damaged one") {
    std::ofstream(parts.path() / "fake.checkpoint") << "atto-fa";
  }
  CHECK(scores_of(evaluator.evaluate(request_in(parts.path()), {})) == scores_of(undisturbed));
}

TEST_CASE("attempts at one trial write apart, and go on from what they are told of alone") {
  const test::ScratchFolder whole, folder;
  FakeEvaluator evaluator({0, 0, true});
  const TrialResult undisturbed = evaluator.evaluate(request_in(whole.path()), {});
  TrialRequest first = request_in(folder.path());
  first.attempt = "7.1";
  const TrialResult stopped = evaluator.evaluate(
      first, [](double, const TrialResult& so_far) { return so_far.epochs.size() < 3; });
  REQUIRE(stopped.epochs.size() == 3);
  CHECK(stopped.epochs[2].checkpoint == "7.1/fake.e3.checkpoint");
  // The newest, and the one to go back to.
  CHECK_FALSE(std::filesystem::exists(folder.path() / "7.1/fake.e1.checkpoint"));
  CHECK(std::filesystem::exists(folder.path() / "7.1/fake.e2.checkpoint"));

  TrialRequest second = request_in(folder.path());
  second.attempt = "7.2";
  SECTION("told of none it begins again, whatever lies there") {
    CHECK_FALSE(evaluator.evaluate(second, {}).epochs[0].checkpoint.empty());
  }
  SECTION("what it reads it does not say again") {
    second.checkpoints = {"7.1/fake.e3.checkpoint"};
    const TrialResult result = evaluator.evaluate(second, {});
    CHECK(result.epochs[2].checkpoint.empty());
    CHECK(result.epochs[3].checkpoint == "7.2/fake.e4.checkpoint");
    CHECK(scores_of(result) == scores_of(undisturbed));
  }
  SECTION("where the newest cannot be read the one before serves") {
    std::ofstream(folder.path() / "7.1/fake.e3.checkpoint") << "atto-fa";
    second.checkpoints = {"7.1/fake.e3.checkpoint", "7.1/fake.e2.checkpoint"};
    const TrialResult result = evaluator.evaluate(second, {});
    CHECK(result.epochs[1].checkpoint.empty());
    CHECK_FALSE(result.epochs[2].checkpoint.empty());
    CHECK(scores_of(result) == scores_of(undisturbed));
  }
  CHECK(std::filesystem::exists(folder.path() / "7.1"));
}

TEST_CASE("the fake landscape can be learnt: more is better at falling rates") {
  const double narrow = fake_quality(test::separable_network({3, 32, 32}, 10, 64, 3));
  const double middle = fake_quality(test::separable_network({3, 32, 32}, 10, 256, 3));
  const double wide = fake_quality(test::separable_network({3, 32, 32}, 10, 1024, 3));
  CHECK(narrow < middle);
  CHECK(middle < wide);
  CHECK(wide - middle < middle - narrow);
}

TEST_CASE("some designs diverge, always the same ones") {
  const test::ScratchFolder folder;
  FakeEvaluator evaluator({0, 0.5, false});
  int diverged = 0;
  for (int width = 8; width < 72; ++width) {
    const Outcome outcome = evaluator.evaluate(request_in(folder.path(), width), {}).outcome;
    CHECK(outcome == evaluator.evaluate(request_in(folder.path(), width), {}).outcome);
    diverged += outcome == Outcome::Diverged;
  }
  CHECK(diverged > 16);
  CHECK(diverged < 48);
}

TEST_CASE("synthetic data describes itself, and bad options are refused") {
  const DatasetInfo info =
      describe_dataset("synthetic:classes=4,size=16,channels=1,train=100,test=20");
  CHECK(info.input() == net::Shape{1, 16, 16});
  CHECK(info.validation_images == 8);
  CHECK_THROWS(describe_dataset("synthetic:size=0"));
  CHECK_THROWS(describe_dataset("synthetic:colour=3"));
  CHECK_THROWS(describe_dataset("synthetic", 5000));
}

TEST_CASE("a fake trial scores what its task names, each in its own range and direction") {
  const test::ScratchFolder folder;
  FakeEvaluator evaluator({0, 0, false});
  TrialRequest request = request_in(folder.path());
  request.judge_test = true;
  const double quality = evaluator.evaluate(request, {}).epochs.back().validation.at("top1");
  request.task.kind = {
      "counting",
      {{"error", "error", "mean error", spec::Unit::Number, spec::Better::Less, 1, 5, true},
       {"hits", "hits", "hit rate", spec::Unit::Share, spec::Better::More, 0, 1, true}}};
  const TrialResult result = evaluator.evaluate(request, {});
  const spec::ScoreValues& last = result.epochs.back().validation;
  REQUIRE(last.size() == 2);
  CHECK(last.at("error") == Approx(5 - 4 * quality));
  CHECK(last.at("hits") == Approx(1 - 0.2 * (1 - quality)));
  CHECK(result.test.at("error") > last.at("error"));
  CHECK(result.epochs.front().validation.at("error") > last.at("error"));
}
