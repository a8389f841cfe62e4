// How an artefact's logits are compared with LibTorch's, and what of it is a miss.
#include "export/targets/parity.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace atto::deploy;

namespace {

ImageSet reference(std::vector<float> logits, std::int64_t count,
                   std::vector<std::int64_t> labels = {}) {
  ImageSet set;
  set.count = count;
  set.logits = std::move(logits);
  set.labels = std::move(labels);
  return set;
}

}  // namespace

TEST_CASE("Errors are shares of the largest logit, agreement is of the best class") {
  const std::vector<float> got = {1, 2, 3, -4.5F};
  const Parity parity = compare(got, reference({1, 2, 3.5F, -4}, 2));
  CHECK(parity.images == 2);
  CHECK(parity.max_error == Approx(0.125));
  CHECK(parity.agreement == 1);
  CHECK_FALSE(parity.value);
  CHECK(compare(std::vector<float>{2, 1, 3, 0}, reference({1, 2, 3, 0}, 2)).agreement == 0.5);
}

TEST_CASE("Of equal logits the lower class counts") {
  CHECK(compare(std::vector<float>{5, 5, 1}, reference({6, 5, 1}, 1)).agreement == 1);
  CHECK(compare(std::vector<float>{5, 5, 1}, reference({5, 6, 1}, 1)).agreement == 0);
}

TEST_CASE("Labels give both accuracies") {
  const Parity parity = compare(std::vector<float>{2, 1, 3, 0}, reference({1, 2, 3, 0}, 2, {1, 0}));
  CHECK(parity.value.value() == 0.5);
  CHECK(parity.reference_value.value() == 1);
}

TEST_CASE("A precision's promise is kept or the miss is named") {
  Parity parity;
  parity.score = atto::spec::task_kinds().front().main_score();
  parity.agreement = 1;
  CHECK(misses(parity, Precision::F32).empty());
  parity.max_error = 2e-4;
  CHECK(misses(parity, Precision::F32) == "max error 2.0e-04 > 1.0e-04");
  CHECK(misses(parity, Precision::I8).empty());
  parity.agreement = 0.94;
  CHECK(misses(parity, Precision::Bf16) == "top-1 agreement 94.0 % < 98.0 %");
  CHECK(misses(parity, Precision::I8) == "top-1 agreement 94.0 % < 95.0 %");
}

TEST_CASE("int8 of a detector may be rougher than floats, and lose little average precision") {
  Parity parity;
  parity.sets.emplace().match = tolerance_of(Precision::I8).match;
  parity.sets->matched = 20;
  parity.sets->unmatched = 3;
  parity.sets->box_error = 4;
  parity.sets->score_error = 0.3;
  parity.sets->least_mask_iou = 0.4;
  parity.precisions = {{*spec::task_kinds().back().find_goal("box_map"), 0.19, 0.2}};
  CHECK(misses(parity, Precision::I8).empty());
  parity.precisions[0].value = 0.17;
  CHECK(misses(parity, Precision::I8) == "box AP 17.00 < 20.00 - 2.00");
  parity.precisions.clear();
  parity.sets->unmatched = 5;
  CHECK(misses(parity, Precision::I8) == "88.9 % of the objects matched < 90.0 %");
  parity.sets->match = tolerance_of(Precision::F32).match;
  parity.sets->unmatched = 0;
  CHECK(misses(parity, Precision::F32) == "box error 4 px > 0.05");
}

TEST_CASE("A logit that is no number is a miss in every precision") {
  for (const float odd : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
    const Parity ours = compare(std::vector<float>{odd, 0}, reference({1, 0}, 1));
    const Parity theirs = compare(std::vector<float>{1, 0}, reference({odd, 0}, 1));
    for (const Precision precision : {Precision::F32, Precision::Bf16, Precision::I8}) {
      CHECK(misses(ours, precision) == "a logit is not finite");
      CHECK(misses(theirs, precision) == "a logit is not finite");
    }
  }
}
