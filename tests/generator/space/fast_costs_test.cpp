// The generator counts and hashes without building networks; the built network is the oracle.
#include "generator/space/fast_costs.hpp"

#include <catch2/catch.hpp>

#include "generator/space/decision_forest.hpp"
#include "generator/space/feasible_space.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/identity.hpp"
#include "tests/generator/space/sample_prototypes.hpp"

using namespace atto;

namespace {

/// Compares random assignments; returns how many were well-formed.
int compare(const net::Prototype& prototype, int draws, std::uint64_t seed) {
  const net::TaskInput input = prototype.written_input();
  const gen::FeasibleSpace space(prototype, input, {}, 0);
  const gen::DecisionForest forest(prototype, {});
  spec::Random random(seed);
  int formed = 0;
  for (int draw = 0; draw < draws; ++draw) {
    net::Assignment assignment(forest.size(), net::kInactive);
    forest.fill(assignment, random);
    const net::Realised built = net::realise(prototype, assignment, input);
    const std::optional<gen::Candidate> fast = space.evaluate(assignment);
    REQUIRE(fast.has_value() == built.broken.empty());
    if (!fast) continue;
    ++formed;
    const spec::Costs expected = built.costs();
    REQUIRE(fast->costs.params == expected.params);
    REQUIRE(fast->costs.macs == expected.macs);
    REQUIRE(fast->costs.peak_activation_bytes == expected.peak_activation_bytes);
    REQUIRE(fast->costs.model_bytes == expected.model_bytes);
    REQUIRE(fast->costs.least_flash_bytes == expected.least_flash_bytes);
    REQUIRE(fast->costs.least_ram_bytes == expected.least_ram_bytes);
    REQUIRE(fast->hash == built.hash());
  }
  return formed;
}

}  // namespace

TEST_CASE("Fast costs and hashes equal those of the built network, on every construct") {
  CHECK(compare(test::prototype_of(test::tiny_prototype()), 500, 1) > 100);
  CHECK(compare(test::prototype_of(test::rich_prototype()), 3000, 2) > 300);
  CHECK(compare(test::prototype_of(test::norm_prototype()), 1000, 4) > 300);
  CHECK(compare(test::prototype_of(test::joining_prototype()), 1000, 5) > 300);
}

TEST_CASE("Fast costs and hashes equal those of the built network, on every shipped prototype") {
  for (const net::Prototype& prototype : test::shipped_prototypes()) {
    INFO(prototype.file());
    compare(prototype, prototype.decisions().empty() ? 1 : 400, 3);
  }
}
