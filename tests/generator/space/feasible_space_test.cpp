// Whatever is drawn, mutated or crossed is feasible, and everything feasible is drawn.
#include "generator/space/feasible_space.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "generator/space/decision_forest.hpp"
#include "tests/generator/space/budget_oracle.hpp"
#include "tests/generator/space/sample_prototypes.hpp"
#include "tests/rounds.hpp"

using namespace atto;

namespace {

constexpr double kBand = 0.9;

/// Ceilings (and sometimes floors) that a randomly drawn network of the prototype just meets.
spec::Requirements mixed_requirements(const net::Prototype& prototype, const net::TaskInput& input,
                                      spec::Random& random) {
  const gen::FeasibleSpace anything(prototype, input, {}, 0);
  const std::optional<gen::Candidate> model = anything.sample(random);
  REQUIRE(model);
  const auto ceiling = [&](std::int64_t cost) {
    return test::at_most(std::floor(static_cast<double>(cost) * (1 + 0.5 * random.uniform())));
  };
  spec::Requirements require;
  const std::uint64_t mix = 1 + random.below(31);
  if (mix & 1) require.params = ceiling(model->costs.params);
  if (mix & 2) require.macs = ceiling(model->costs.macs);
  if (mix & 4) require.peak_activation_kib = ceiling(model->costs.peak_activation_bytes / 1024 + 1);
  if (mix & 8) require.model_kib = ceiling(model->costs.model_bytes / 1024 + 1);
  if (mix & 16) require.params.min = static_cast<double>(model->costs.params) * 0.5;
  return require;
}

spec::Band shares(double params, double macs) {
  spec::Band band;
  band.params = params;
  band.macs = macs;
  return band;
}

}  // namespace

TEST_CASE("Every feasible design of a small prototype is drawn, and nothing else") {
  struct Case {
    std::string_view text;
    double params, macs;
    std::size_t least_infeasible;
  };
  const Case one = GENERATE(Case{test::tiny_prototype(), 3000, 300'000, 1000},
                            Case{test::joining_prototype(), 14'000, 1'500'000, 100});
  const net::Prototype prototype = test::prototype_of(one.text);
  const net::TaskInput input = prototype.written_input();
  spec::Requirements require;
  require.params = test::at_most(one.params);
  require.macs = test::at_most(one.macs);
  std::set<std::uint64_t> feasible, drawn;
  const gen::FeasibleSpace space(prototype, input, require, kBand);
  std::size_t infeasible = 0;
  for (const net::Assignment& assignment : test::all_assignments(prototype)) {
    const auto missed = test::oracle_misses(prototype, input, require, kBand, assignment);
    if (missed && missed->empty())
      feasible.insert(space.evaluate(assignment)->hash);
    else
      ++infeasible;
  }
  REQUIRE(feasible.size() > 20);
  REQUIRE(infeasible > one.least_infeasible);
  spec::Random random(7);
  gen::Workspace workspace;
  int failed = 0;
  for (int draw = 0; draw < 60'000; ++draw) {
    const auto candidate = space.sample(random, workspace);
    if (candidate)
      drawn.insert(candidate->hash);
    else
      ++failed;
  }
  CHECK(failed < 60);
  CHECK(drawn == feasible);
  CHECK(gen::generate(space, 1'000'000, 3).size() == feasible.size());
}

TEST_CASE("Under a share for each ceiling nothing else is drawn, and nearly everything soon") {
  const net::Prototype prototype = test::prototype_of(test::tiny_prototype());
  const net::TaskInput input = prototype.written_input();
  spec::Requirements require;
  require.params = test::at_most(3000);
  require.macs = test::at_most(300'000);
  const spec::Band band = shares(0.6, 0.7);
  const gen::FeasibleSpace space(prototype, input, require, band);
  std::set<std::uint64_t> feasible, drawn;
  for (const net::Assignment& assignment : test::all_assignments(prototype)) {
    const auto missed = test::oracle_misses(prototype, input, require, band, assignment);
    if (missed && missed->empty()) feasible.insert(space.evaluate(assignment)->hash);
  }
  REQUIRE(feasible.size() > 20);
  spec::Random random(7);
  gen::Workspace workspace;
  for (int draw = 0; draw < 20'000; ++draw) {
    const auto candidate = space.sample(random, workspace);
    REQUIRE(candidate);
    drawn.insert(candidate->hash);
  }
  CHECK(std::includes(feasible.begin(), feasible.end(), drawn.begin(), drawn.end()));
  CHECK(drawn.size() > feasible.size() * 9 / 10);
}

TEST_CASE("Draws meet any mix of requirements, on every prototype") {
  std::vector<net::Prototype> prototypes = test::shipped_prototypes();
  prototypes.push_back(test::prototype_of(test::tiny_prototype()));
  prototypes.push_back(test::prototype_of(test::joining_prototype()));
  prototypes.push_back(test::prototype_of(test::rich_prototype()));
  spec::Random random(11);
  for (const net::Prototype& prototype : prototypes) {
    if (prototype.decisions().empty()) continue;
    const net::TaskInput input = prototype.written_input();
    int found = 0;
    const int mixes = test::rounds(12, 6);
    for (int mix = 0; mix < mixes; ++mix) {
      const spec::Requirements require = mixed_requirements(prototype, input, random);
      const spec::Band band = mix % 3 == 0   ? 0
                              : mix % 3 == 1 ? shares(0.3, 0.4)
                                             : spec::Band(kBand);
      const gen::FeasibleSpace space(prototype, input, require, band);
      for (const gen::Candidate& candidate : gen::generate(space, 10, random.next())) {
        ++found;
        const auto missed =
            test::oracle_misses(prototype, input, require, space.band(), candidate.assignment);
        INFO(prototype.name() << ": " << (missed && !missed->empty() ? missed->front().text : ""));
        REQUIRE(missed);
        REQUIRE(missed->empty());
      }
    }
    INFO(prototype.name());
    CHECK(found >= 5 * mixes);
  }
}

TEST_CASE("A cost is required at the resolution that its requirement names") {
  const net::Prototype prototype = test::prototype_of(test::rich_prototype());
  const net::TaskInput input = prototype.written_input();
  spec::Requirements require;
  require.params = test::at_most(60'000);
  require.macs = test::at_most(20e6);
  require.macs.at = 64;
  require.peak_activation_kib = test::at_most(400);
  const gen::FeasibleSpace space(prototype, input, require, kBand);
  const auto designs = gen::generate(space, 50, 1);
  REQUIRE(designs.size() == 50);
  for (const gen::Candidate& design : designs) {
    CHECK(test::oracle_misses(prototype, input, require, kBand, design.assignment)->empty());
    CHECK(space.misses(design.assignment).empty());
    CHECK(design.costs == test::oracle_costs(prototype, input, design.assignment));
  }
}

TEST_CASE("Generated designs are distinct and do not depend on the number of threads") {
  const net::Prototype prototype = test::prototype_of(test::rich_prototype());
  spec::Requirements require;
  require.params = test::at_most(50'000);
  const gen::FeasibleSpace space(prototype, prototype.written_input(), require, kBand);
  const auto one = gen::generate(space, 300, 5, 1);
  const auto two = gen::generate(space, 300, 5, 2);
  const auto fewer = gen::generate(space, 40, 5, 2);
  const auto other = gen::generate(space, 300, 6, 1);
  REQUIRE(one.size() == 300);
  REQUIRE(two.size() == 300);
  REQUIRE(fewer.size() == 40);
  std::set<std::uint64_t> hashes;
  for (std::size_t i = 0; i < one.size(); ++i) {
    CHECK(one[i].assignment == two[i].assignment);
    if (i < fewer.size()) CHECK(one[i].hash == fewer[i].hash);
    hashes.insert(one[i].hash);
  }
  CHECK(hashes.size() == 300);
  CHECK(one[0].hash != other[0].hash);
}

TEST_CASE("Pins and bans hold wherever their decision exists") {
  const net::Prototype prototype = test::prototype_of(test::rich_prototype());
  spec::Requirements require;
  require.params = test::at_most(50'000);
  std::vector<gen::Restriction> restrictions;
  for (const std::string pin :
       {"stages[*].modules[*].chain#1[0].groups=4", "stages[0].channels=48"})
    for (const auto& [decision, index] : net::read_pin(prototype, pin))
      restrictions.push_back({decision, {index}});
  REQUIRE(restrictions.size() == 8);
  const net::DecisionId depth = prototype.find("stages[0].modules");
  REQUIRE(depth != net::kNoDecision);
  restrictions.push_back({depth, {1, 2}});  // a ban of the first
  const gen::FeasibleSpace space(prototype, prototype.written_input(), require, kBand,
                                 restrictions);
  const auto designs = gen::generate(space, 200, 5);
  REQUIRE(designs.size() == 200);
  int active = 0;
  for (const gen::Candidate& design : designs)
    for (const gen::Restriction& restriction : restrictions) {
      const std::int32_t choice = design.assignment[static_cast<std::size_t>(restriction.decision)];
      if (choice == net::kInactive) continue;
      ++active;
      CHECK(std::find(restriction.allowed.begin(), restriction.allowed.end(), choice) !=
            restriction.allowed.end());
    }
  CHECK(active > 500);
}

TEST_CASE("Designs use both ceilings where the band names both, also of the family's last tier") {
  const net::Prototype prototype =
      net::read_prototype(ATTO_SOURCE_DIR "/prototypes/attonet_64.json");
  const net::TaskInput input = prototype.written_input();
  spec::Requirements require;
  require.params = test::at_most(326'000);
  require.macs = test::at_most(18.54e6);
  const spec::Band band = shares(0.8, 0.9);
  const gen::FeasibleSpace space(prototype, input, require, band);
  spec::Random random(1);
  gen::Workspace workspace;
  std::set<std::uint64_t> drawn;
  for (int draw = 0; draw < 100; ++draw) {
    const auto design = space.sample(random, workspace);
    REQUIRE(design);
    CHECK(test::oracle_misses(prototype, input, require, band, design->assignment)->empty());
    drawn.insert(design->hash);
    const auto mutant = space.mutate(design->assignment, 2, random);
    if (mutant) CHECK(space.misses(mutant->assignment).empty());
  }
  CHECK(drawn.size() == 100);
}

TEST_CASE("Where pins leave no width free, the band is not forced") {
  const net::Prototype prototype = test::prototype_of(test::tiny_prototype());
  spec::Requirements require;
  require.params = test::at_most(1e6);
  std::vector<gen::Restriction> restrictions;
  for (std::size_t d = 0; d < prototype.decisions().size(); ++d)
    if (prototype.decisions()[d].role == net::Decision::Role::Width)
      restrictions.push_back({static_cast<net::DecisionId>(d), {0}});
  const gen::FeasibleSpace pinned(prototype, prototype.written_input(), require, kBand,
                                  restrictions);
  CHECK_FALSE(pinned.band().is_on());
  CHECK(gen::generate(pinned, 10, 1).size() == 10);
  const gen::FeasibleSpace free(prototype, prototype.written_input(), require, kBand);
  CHECK(free.band() == spec::Band(kBand));
}

TEST_CASE("Mutation and crossover stay inside the prototype and feasible") {
  std::vector<net::Prototype> prototypes = test::shipped_prototypes();
  prototypes.push_back(test::prototype_of(test::rich_prototype()));
  for (const net::Prototype& prototype : prototypes) {
    if (prototype.decisions().empty()) continue;
    // Another prototype that ships changes nothing for this one.
    spec::Random random(spec::derive_seed({21, spec::hash_bytes(prototype.name())}));
    const net::TaskInput input = prototype.written_input();
    spec::Requirements require;
    std::optional<gen::FeasibleSpace> found;
    std::vector<gen::Candidate> parents;
    // A ceiling may lie so far above a small prototype that nothing comes near it.
    for (int again = 0; again < 8 && parents.size() < 10; ++again) {
      require = mixed_requirements(prototype, input, random);
      parents = gen::generate(found.emplace(prototype, input, require, kBand), 20, 9);
    }
    const gen::FeasibleSpace& space = *found;
    const gen::DecisionForest forest(prototype, {});
    INFO(prototype.name());
    REQUIRE(parents.size() >= 10);
    int mutants = 0, children = 0;
    const auto check = [&](const gen::Candidate& made) {
      CHECK(forest.is_complete(made.assignment));
      const auto missed =
          test::oracle_misses(prototype, input, require, space.band(), made.assignment);
      REQUIRE(missed);
      CHECK(missed->empty());
    };
    for (std::size_t i = 0; i + 1 < parents.size(); ++i) {
      const auto mutant = space.mutate(parents[i].assignment, 1 + static_cast<int>(i % 3), random);
      if (mutant) {
        ++mutants;
        check(*mutant);
        CHECK(mutant->hash != parents[i].hash);
      }
      const auto child = space.crossover(parents[i].assignment, parents[i + 1].assignment, random);
      if (child) {
        ++children;
        check(*child);
      }
    }
    INFO(prototype.name());
    CHECK(mutants >= static_cast<int>(parents.size()) / 2);
    CHECK(children >= static_cast<int>(parents.size()) / 2);
  }
}

TEST_CASE("A crossover of a parent with itself, where nothing needs repair, gives the parent") {
  const net::Prototype prototype = test::prototype_of(test::rich_prototype());
  spec::Requirements require;
  require.params = test::at_most(50'000);
  const gen::FeasibleSpace space(prototype, prototype.written_input(), require, kBand);
  spec::Random random(3);
  const auto parent = space.sample(random);
  REQUIRE(parent);
  CHECK(space.crossover(parent->assignment, parent->assignment, random)->hash == parent->hash);
}

TEST_CASE("Budgets are used: nine of ten designs use nine tenths of the tightest ceiling") {
  const net::Prototype prototype = net::read_prototype(ATTO_SOURCE_DIR "/prototypes/attonet.json");
  spec::Requirements require;
  require.params = test::at_most(1.87e6);
  require.macs = test::at_most(277.5e6);
  const gen::FeasibleSpace space(prototype, prototype.written_input(), require, kBand);
  const auto designs = gen::generate(space, 500, 1);
  REQUIRE(designs.size() == 500);
  int tight = 0;
  std::vector<std::set<std::int32_t>> seen(prototype.decisions().size());
  for (const gen::Candidate& design : designs) {
    tight += space.tightest_use(design.assignment) >= kBand;
    for (std::size_t d = 0; d < seen.size(); ++d) seen[d].insert(design.assignment[d]);
  }
  CHECK(tight >= 450);
  // Every alternative of every structure decision turns up somewhere.
  for (std::size_t d = 0; d < seen.size(); ++d) {
    const net::Decision& decision = prototype.decisions()[d];
    if (decision.role == net::Decision::Role::Width) continue;
    seen[d].erase(net::kInactive);
    INFO(decision.path);
    CHECK(static_cast<int>(seen[d].size()) == decision.alternatives);
  }
}
