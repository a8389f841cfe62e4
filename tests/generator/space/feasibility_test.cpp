// What is said of a prototype before any search, held against enumeration.
#include "generator/space/feasibility.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "generator/space/decision_forest.hpp"
#include "generator/space/reach_search.hpp"
#include "tests/generator/space/budget_oracle.hpp"
#include "tests/generator/space/sample_prototypes.hpp"
#include "tests/rounds.hpp"

using namespace atto;
using Answer = gen::Feasibility::Answer;

namespace {

gen::Feasibility check(const net::Prototype& prototype, const spec::Requirements& require,
                       const spec::Band& band = 0.9) {
  const gen::FeasibleSpace space(prototype, prototype.written_input(), require, band);
  return gen::check_feasibility(space);
}

}  // namespace

TEST_CASE("The size of the space is the number of complete assignments") {
  const net::Prototype prototype = test::prototype_of(test::tiny_prototype());
  const auto all = test::all_assignments(prototype);
  const gen::SpaceReport report = gen::describe_space(prototype, prototype.written_input());
  CHECK(report.decisions == static_cast<int>(prototype.decisions().size()));
  CHECK(report.log10_size == Approx(std::log10(static_cast<double>(all.size()))));
}

TEST_CASE("The reach of a small prototype is that of its enumeration, and proved") {
  // A sum has a projection or none by whether widths match, so that its reach is found only.
  std::string joining(test::joining_prototype());
  const std::string_view kChoice = R"({ "choose": ["concat", "add"] })";
  joining.replace(joining.find(kChoice), kChoice.size(), R"("concat")");
  const std::string text = GENERATE_COPY(std::string(test::tiny_prototype()), joining);
  const net::Prototype prototype = test::prototype_of(text);
  const net::TaskInput input = prototype.written_input();
  spec::Costs least{1LL << 60, 1LL << 60, 1LL << 60, 0}, most;
  for (const net::Assignment& assignment : test::all_assignments(prototype)) {
    const auto costs = test::oracle_costs(prototype, input, assignment);
    if (!costs) continue;
    least.params = std::min(least.params, costs->params);
    least.macs = std::min(least.macs, costs->macs);
    least.peak_activation_bytes =
        std::min(least.peak_activation_bytes, costs->peak_activation_bytes);
    most.params = std::max(most.params, costs->params);
    most.macs = std::max(most.macs, costs->macs);
    most.peak_activation_bytes = std::max(most.peak_activation_bytes, costs->peak_activation_bytes);
  }
  const gen::SpaceReport report = gen::describe_space(prototype, input);
  CHECK(report.params.smallest == least.params);
  CHECK(report.macs.smallest == least.macs);
  CHECK(report.peak_activation_bytes.smallest == least.peak_activation_bytes);
  CHECK(report.params.largest == most.params);
  CHECK(report.macs.largest == most.macs);
  CHECK(report.peak_activation_bytes.largest == most.peak_activation_bytes);
  CHECK(report.params.smallest_proved);
  CHECK(report.macs.smallest_proved);
}

TEST_CASE("No draw lies beyond a proved reach, on every prototype") {
  std::vector<net::Prototype> prototypes = test::shipped_prototypes();
  prototypes.push_back(test::prototype_of(test::rich_prototype()));
  for (const net::Prototype& prototype : prototypes) {
    INFO(prototype.name());
    const net::TaskInput input = prototype.written_input();
    const gen::DecisionForest forest(prototype, {});
    const gen::CostReach reach = gen::search_reach(prototype, input, forest);
    REQUIRE(reach.found_any);
    const gen::FeasibleSpace space(prototype, input, {}, 0);
    for (int cost = 0; cost < gen::kCosts; ++cost) {
      const gen::CostEnd &low = reach.smallest[cost], &high = reach.largest[cost];
      CHECK((!low.is_bound || low.bound <= low.found));
      CHECK((!high.is_bound || high.bound >= high.found));
      CHECK(test::oracle_costs(prototype, input, low.assignment).value().*gen::kAllCosts[cost] ==
            low.found);
      CHECK(test::oracle_costs(prototype, input, high.assignment).value().*gen::kAllCosts[cost] ==
            high.found);
    }
    spec::Random random(17);
    const int draws = test::rounds(400, 100);
    for (int draw = 0; draw < draws; ++draw) {
      net::Assignment assignment(forest.size(), net::kInactive);
      forest.fill(assignment, random);
      // Push some draws to the ends, where bounds are tight.
      for (std::size_t d = 0; d < forest.size() && draw % 4 != 0; ++d)
        if (forest.is_width(static_cast<net::DecisionId>(d)) && assignment[d] != net::kInactive)
          assignment[d] = draw % 4 == 1 ? 0
                          : draw % 4 == 2
                              ? forest.at(static_cast<net::DecisionId>(d)).alternatives - 1
                              : std::min<std::int32_t>(assignment[d], 1);
      const auto candidate = space.evaluate(assignment);
      if (!candidate) continue;
      for (int cost = 0; cost < gen::kCosts; ++cost) {
        const std::int64_t value = candidate->costs.*gen::kAllCosts[cost];
        CHECK((!reach.smallest[cost].is_bound || value >= reach.smallest[cost].bound));
        CHECK((!reach.largest[cost].is_bound || value <= reach.largest[cost].bound));
      }
    }
  }
}

TEST_CASE("AttoNet's reach is proved") {
  const net::Prototype prototype = net::read_prototype(ATTO_SOURCE_DIR "/prototypes/attonet.json");
  const gen::SpaceReport report = gen::describe_space(prototype, prototype.written_input());
  CHECK(report.params.smallest_proved);
  CHECK(report.params.largest_proved);
  CHECK(report.macs.smallest_proved);
  CHECK(report.macs.largest_proved);
  CHECK(report.peak_activation_bytes.smallest_proved);
}

TEST_CASE("A feasible spec is answered with a witness that is feasible") {
  const net::Prototype prototype = test::prototype_of(test::rich_prototype());
  spec::Requirements require;
  require.params = test::at_most(40'000);
  const gen::Feasibility answer = check(prototype, require);
  REQUIRE(answer.answer == Answer::Feasible);
  CHECK(test::oracle_misses(prototype, prototype.written_input(), require, 0.9,
                            answer.witness->assignment)
            ->empty());
}

TEST_CASE("An impossible spec is refused with the bound") {
  const net::Prototype attonet = net::read_prototype(ATTO_SOURCE_DIR "/prototypes/attonet.json");
  const net::Prototype tiny = test::prototype_of(test::tiny_prototype());
  spec::Requirements require;

  SECTION("a ceiling below the smallest network") {
    require.params = test::at_most(5000);
    const gen::Feasibility answer = check(attonet, require);
    REQUIRE(answer.answer == Answer::Infeasible);
    CHECK(answer.reason ==
          "the smallest network of this prototype has 9,666 parameters; "
          "/require/params/max asks for 5,000");
  }
  SECTION("a floor above the largest network") {
    require.params = test::at_least(1e9);
    const gen::Feasibility answer = check(tiny, require);
    REQUIRE(answer.answer == Answer::Infeasible);
    CHECK_THAT(answer.reason, Catch::StartsWith("the largest network of this prototype has "));
    CHECK_THAT(answer.reason, Catch::EndsWith("/require/params/min asks for 1,000,000,000"));
  }
  SECTION("a peak below what the smallest network needs") {
    require.peak_activation_kib = test::at_most(0.01);
    const gen::Feasibility answer = check(tiny, require);
    REQUIRE(answer.answer == Answer::Infeasible);
    CHECK_THAT(answer.reason, Catch::Contains("KiB of activations at its peak"));
  }
  SECTION("a band that no network reaches") {
    require.params = test::at_most(1e9);
    const gen::Feasibility answer = check(tiny, require);
    REQUIRE(answer.answer == Answer::Infeasible);
    CHECK_THAT(answer.reason, Catch::Contains("/search/band asks for 90.0%"));
    CHECK(check(tiny, require, 0).answer == Answer::Feasible);
  }
  SECTION("a share of one ceiling that no network reaches") {
    require.params = test::at_most(1e9);
    require.macs = test::at_most(1e9);
    spec::Band band;
    band.params = 0.5;
    const gen::Feasibility answer = check(tiny, require, band);
    REQUIRE(answer.answer == Answer::Infeasible);
    CHECK_THAT(answer.reason, Catch::StartsWith("the largest network of this prototype has "));
    CHECK_THAT(answer.reason, Catch::EndsWith("% of /require/params/max; /search/band/params asks "
                                              "for 50.0%"));
  }
  SECTION("shares that are each within reach and together are not") {
    const gen::SpaceReport report = gen::describe_space(tiny, tiny.written_input());
    require.params = test::at_most(static_cast<double>(report.params.largest));
    require.macs = test::at_most(static_cast<double>(report.macs.smallest) * 1.2);
    spec::Band band;
    band.params = 1;
    const gen::Feasibility answer = check(tiny, require, band);
    REQUIRE(answer.answer == Answer::Infeasible);
    CHECK_THAT(answer.reason, Catch::StartsWith("none of the "));
  }
  SECTION("limits that are each within reach and together are not") {
    const gen::SpaceReport report = gen::describe_space(tiny, tiny.written_input());
    require.params = test::at_most(static_cast<double>(report.params.smallest));
    require.macs = test::at_least(static_cast<double>(report.macs.largest));
    const gen::Feasibility answer = check(tiny, require);
    REQUIRE(answer.answer == Answer::Infeasible);
    CHECK_THAT(answer.reason, Catch::StartsWith("none of the "));
  }
}

TEST_CASE("What cannot be decided names the share that designs miss, in plain figures") {
  const net::Prototype prototype =
      net::read_prototype(ATTO_SOURCE_DIR "/prototypes/attonet_64.json");
  spec::Requirements require;
  require.params = test::at_most(326'000);
  require.macs = test::at_most(4e6);
  spec::Band band;
  band.params = 0.9;
  const gen::Feasibility answer = check(prototype, require, band);
  REQUIRE(answer.answer == Answer::Undecided);
  CHECK_THAT(answer.reason, Catch::Contains("the nearest misses /") && Catch::EndsWith(" %"));
  CHECK_THAT(answer.reason, !Catch::Contains("e+"));
}

TEST_CASE("An answer of infeasible is never wrong on a small prototype") {
  const net::Prototype prototype = test::prototype_of(test::tiny_prototype());
  const net::TaskInput input = prototype.written_input();
  const auto all = test::all_assignments(prototype);
  spec::Random random(5);
  const int trials = test::rounds(40, 16);
  int infeasible = 0, feasible = 0;
  for (int trial = 0; trial < trials; ++trial) {
    spec::Requirements require;
    require.params = test::at_most(std::floor(500 * std::exp(3 * random.uniform())));
    require.macs = test::at_most(std::floor(40'000 * std::exp(4 * random.uniform())));
    if (random.below(2) == 0) require.params.min = *require.params.max * 0.97;
    const bool exists = std::any_of(all.begin(), all.end(), [&](const net::Assignment& assignment) {
      const auto missed = test::oracle_misses(prototype, input, require, 0.9, assignment);
      return missed && missed->empty();
    });
    const gen::Feasibility answer = check(prototype, require);
    if (exists) CHECK(answer.answer == Answer::Feasible);
    if (!exists) CHECK(answer.answer != Answer::Feasible);
    infeasible += answer.answer == Answer::Infeasible;
    feasible += answer.answer == Answer::Feasible;
  }
  CHECK(infeasible >= trials / 8);
  CHECK(feasible >= trials / 8);
}
