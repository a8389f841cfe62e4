// Which rounds of a measurement count.
#include <catch2/catch.hpp>

#include "search/latency/engine/engine_timing.hpp"

using atto::search::QuickestBatches;

TEST_CASE("Three batches that agree within a hundredth are enough, whatever others were slow") {
  QuickestBatches batches;
  batches.add({1.4, 1.42, 1.41});
  batches.add({1.0, 1.3, 0.9});
  CHECK_FALSE(batches.agree());
  batches.add({1.009, 1.2, 1.0});
  CHECK_FALSE(batches.agree());  // 1.41 is the third
  batches.add({1.02, 1.02, 1.02});
  CHECK_FALSE(batches.agree());
  batches.add({0.5, 1.005, 2});
  CHECK(batches.agree());
  CHECK(batches.rounds() == std::vector<double>{0.5, 0.9, 1.0, 1.0, 1.005, 1.009, 1.2, 1.3, 2});
}

TEST_CASE("Fewer batches never agree, and all of them count") {
  QuickestBatches batches;
  CHECK(batches.rounds().empty());
  batches.add({2, 1});
  batches.add({2, 1});
  CHECK_FALSE(batches.agree());
  CHECK(batches.rounds() == std::vector<double>{1, 1, 2, 2});
}
