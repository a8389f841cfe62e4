// Predicting designs from the blocks of others.
#include "search/latency/block_costs.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "design_specs/seeds/random.hpp"

using namespace atto;
using namespace atto::search;

namespace {

double macs_of(int in, int out, int side) {
  return 16.0 * 16 * in * out * side * side;
}

Block block_of(const std::string& family, int in, int out, int side) {
  Block block;
  block.family = family;
  block.key =
      family + " " + std::to_string(in) + " " + std::to_string(out) + " " + std::to_string(side);
  block.amounts = {{family, macs_of(in, out, side)}, {"start", 10000}};
  block.features = {2 * std::log(side), std::log(in), std::log(out), std::log(16.0 * in)};
  return block;
}

/// A machine whose blocks cost a start, and less for each multiply-add the deeper they are.
double us_of(const Block& block) {
  double us = 0;
  for (const auto& [name, amount] : block.amounts)
    us += name == "start"
              ? 3
              : amount * (name == "dw" ? 2 : 1) / (20000 * (1 - 0.5 / std::exp(block.features[1])));
  return us;
}

Latency measured(const std::vector<Block>& blocks) {
  Latency latency;
  for (const Block& block : blocks) {
    latency.blocks.push_back({block, us_of(block)});
    latency.median_ms +=
        0.95 * block.runs * us_of(block) / 1000;  // a whole run is quicker than its parts
  }
  return latency;
}

std::vector<Block> random_design(spec::Random& random) {
  std::vector<Block> blocks;
  for (int i = 0; i < 10; ++i)
    blocks.push_back(block_of(i % 2 ? "dw" : "pw", 1 + static_cast<int>(random.below(8)),
                              1 + static_cast<int>(random.below(8)), 28 >> (i / 4)));
  return blocks;
}

}  // namespace

TEST_CASE("Nothing is predicted before some designs are known") {
  BlockCosts costs;
  spec::Random random(1);
  for (int i = 0; i < 7; ++i) {
    const std::vector<Block> design = random_design(random);
    CHECK_FALSE(costs.predict_ms(design));
    costs.add(measured(design), {});
  }
  CHECK(costs.quality().designs == 0);
  costs.add(measured(random_design(random)), {});
  CHECK(costs.predict_ms(random_design(random)));
}

TEST_CASE("A design of known blocks is their sum, scaled as whole designs were") {
  BlockCosts costs;
  spec::Random random(2);
  std::vector<std::vector<Block>> designs;
  for (int i = 0; i < 12; ++i) designs.push_back(random_design(random));
  for (const auto& design : designs) costs.add(measured(design), {});
  std::vector<Block> mixed;
  for (std::size_t i = 0; i < 10; ++i) mixed.push_back(designs[i][i]);
  CHECK(costs.predict_ms(mixed).value() == Approx(measured(mixed).median_ms).epsilon(1e-9));
}

TEST_CASE("Blocks count as often as they run, in what is learnt and in what is predicted") {
  BlockCosts costs;
  spec::Random random(6);
  std::vector<Block> design;
  const auto repeat = [&](double most) {
    for (Block& block : design) block.runs = 1 + double(random.below(std::uint64_t(most)));
  };
  for (int i = 0; i < 12; ++i) {
    design = random_design(random);
    repeat(100);
    costs.add(measured(design), {});
  }
  repeat(300);
  CHECK(costs.predict_ms(design).value() == Approx(measured(design).median_ms).epsilon(1e-9));
}

TEST_CASE("Blocks that were timed at a slower moment than the whole count by their shares") {
  BlockCosts costs;
  spec::Random random(5);
  std::vector<Block> design;
  for (int i = 0; i < 12; ++i) {
    design = random_design(random);
    Latency latency = measured(design);
    for (TimedBlock& timed : latency.blocks) timed.us *= 1 + i % 3;
    costs.add(latency, {});
  }
  CHECK(costs.predict_ms(design).value() == Approx(measured(design).median_ms).epsilon(1e-9));
}

TEST_CASE("Unseen sizes are predicted from similar ones, and fifty good predictions are trusted") {
  BlockCosts costs;
  spec::Random random(3);
  for (int i = 0; i < 80; ++i) {
    const std::vector<Block> design = random_design(random);
    const std::optional<double> predicted = costs.predict_ms(design);
    if (costs.quality().designs < kJudgedDesigns) CHECK_FALSE(costs.quality().is_trusted());
    costs.add(measured(design), predicted);
  }
  const PredictionQuality quality = costs.quality();
  CHECK(quality.designs == kJudgedDesigns);
  CHECK(quality.median_error < 0.05);
  CHECK(quality.is_trusted());
}

TEST_CASE("A family that nobody measured is predicted from the amounts that others share with it") {
  BlockCosts costs;
  spec::Random random(4);
  for (int i = 0; i < 20; ++i) costs.add(measured(random_design(random)), {});
  const auto predicted = [&](const Block& block) { return costs.predict_ms({block}).value(); };
  Block both = block_of("dw", 4, 4, 14);
  both.family = both.key = "dw+pw";
  both.amounts["pw"] = macs_of(4, 4, 14);
  const double parts = predicted(block_of("dw", 4, 4, 14)) + predicted(block_of("pw", 4, 4, 14));
  CHECK(predicted(both) == Approx(parts).epsilon(0.1));
  CHECK(predicted(both) == Approx(0.95 * us_of(both) / 1000).epsilon(0.1));
  // Amounts that nobody has are taken for a mixture of all.
  const double pw = predicted(block_of("pw", 4, 4, 14));
  CHECK(predicted(block_of("new", 4, 4, 14)) > pw / 3);
  CHECK(predicted(block_of("new", 4, 4, 14)) < pw * 3);
}

TEST_CASE("Predictions whose errors are too large at the middle or the tail are not trusted") {
  const auto quality_of = [](int wrong, double error) {
    BlockCosts costs;
    const std::vector<Block> design = {block_of("pw", 2, 2, 7)};
    const Latency truth = measured(design);
    for (int i = 0; i < 50; ++i)
      costs.add(truth, truth.median_ms * (1 + (i < wrong ? error : 0.01)));
    return costs.quality();
  };
  CHECK(quality_of(0, 0).is_trusted());
  CHECK(quality_of(5, 9).is_trusted());
  CHECK_FALSE(quality_of(6, 0.21).is_trusted());
  CHECK(quality_of(24, 0.19).is_trusted());
  CHECK_FALSE(quality_of(26, 0.06).is_trusted());
  CHECK(quality_of(6, 0.21).tail_error == Approx(0.21));
  CHECK(quality_of(26, 0.06).median_error == Approx(0.06));
}
