#include "search/tables/outside.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "tests/search/unit/synthetic_table.hpp"

using namespace atto;
using namespace atto::search;
using nlohmann::json;

namespace {

ComparisonSetting setting_on(const test::SyntheticTable& made) {
  ComparisonSetting setting;
  setting.space = made.space.get();
  setting.budgets = {0.05, 0.1};
  setting.repetitions = 6;
  return setting;
}

/// Campaigns that `random` makes at the largest budget, as if somebody else had made them.
OutsideContender recorded(const test::SyntheticTable& made, const ComparisonSetting& setting) {
  OutsideContender contender{"recorded", true, {}};
  for (std::size_t i = 0; i < std::size_t(setting.repetitions); ++i) {
    SimulationSetting one;
    one.space = setting.space;
    one.strategy = "random";
    one.search.rungs = {made.table.rungs.back()};
    one.search.candidates = 1000;
    one.seed = strategy_seed(setting, i);
    one.visible_run = visible_run(setting, i, made.table.common_runs());
    one.budget_cpu_seconds = setting.budgets.back() * made.table.total_cpu_seconds();
    Table top = made.table;
    top.rungs = one.search.rungs;
    for (TableDesign& design : top.designs)
      for (auto& run : design.runs) run = {run.back()};
    auto& campaign = contender.campaigns.emplace_back();
    for (const SimulationStep& step : simulate(top, one).steps)
      campaign.push_back({step.cpu_seconds, step.design});
  }
  return contender;
}

}  // namespace

TEST_CASE("A table is told to optimisers outside with its limits, results and seeds") {
  const test::SyntheticTable made = test::make_table({}, false, 3, 1);
  const ComparisonSetting setting = setting_on(made);
  spec::DesignSpec spec;
  spec.name = "made up";
  std::int64_t most = 0;
  for (const TableDesign& design : made.table.designs) most = std::max(most, design.costs.macs);
  spec.require.macs.max = 0.6 * double(most);
  const gen::FeasibleSpace narrow(*made.prototype, made.prototype->written_input(), spec.require,
                                  0);
  const Table part = allowed_part(made.table, narrow);
  REQUIRE(part.designs.size() > 20);
  REQUIRE(part.designs.size() < made.table.designs.size());
  ComparisonSetting inside = setting;
  inside.space = &narrow;

  const json problem = json::parse(problem_text(part, spec, inside));
  CHECK(problem.at("places").size() == made.prototype->decisions().size());
  CHECK(problem.at("values").size() == part.designs.size());
  CHECK(problem.at("visible").size() == 6);
  CHECK(problem.at("seeds") != json::parse(problem_text(part, spec,
                                                        [&] {
                                                          ComparisonSetting other = inside;
                                                          other.seed = 2;
                                                          return other;
                                                        }()))
                                   .at("seeds"));
  std::size_t allowed = 0;
  for (const json& way : problem.at("ways")) {
    const bool is_met = way.at(2).at(0).get<double>() <= 0;
    CHECK(way.at(2).size() == 1);
    CHECK((way.at(1).get<int>() >= 0) == is_met);
    allowed += is_met;
  }
  CHECK(allowed >= part.designs.size());
  CHECK(problem.at("ways").size() > allowed);
}

TEST_CASE("Campaigns of others are judged as our own are") {
  const test::SyntheticTable made = test::make_table({}, false, 3, 1);
  ComparisonSetting setting = setting_on(made);
  Contender random;
  random.label = random.strategy = "random";
  random.search.rungs = {made.table.rungs.back()};
  setting.contenders = {random};
  const Outcomes ours = compare(made.table, setting)[0];
  const Outcomes theirs = judge(made.table, setting, recorded(made, setting));
  // Ours was told how many designs should fit, and so may end with some budget left.
  for (const Measure measure : kMeasures)
    for (std::size_t budget = 0; budget < 2; ++budget)
      CHECK(theirs.progress[index_of(measure)][budget][kMoments / 2].median ==
            Approx(ours.progress[index_of(measure)][budget][kMoments / 2].median));
}

TEST_CASE("Fewer campaigns than repetitions are paired with the first") {
  const test::SyntheticTable made = test::make_table({}, false, 3, 1);
  const ComparisonSetting setting = setting_on(made);
  OutsideContender few = recorded(made, setting);
  const Outcomes all = judge(made.table, setting, few);
  few.campaigns.resize(4);
  Outcomes some = judge(made.table, setting, few);
  for (std::size_t budget = 0; budget < 2; ++budget)
    CHECK(some.results[0][budget] ==
          std::vector<double>(all.results[0][budget].begin(), all.results[0][budget].begin() + 4));
  Outcomes ours = all;
  ours.label = "ours";
  ours.is_baseline = false;
  for (std::vector<double>& budget : ours.results[0])
    for (std::size_t i = 0; i < budget.size(); ++i) budget[i] += i < 4 ? -1 : 100;
  for (const Duel& duel : duels({ours, some}, 0))
    if (duel.measure == Measure::Regret) CHECK(duel.test.effect == 1);
}

TEST_CASE("Campaigns that do not fit the table are refused by name") {
  const test::SyntheticTable made = test::make_table({}, false, 3, 1);
  ComparisonSetting setting = setting_on(made);
  setting.repetitions = 2;
  const auto file = std::filesystem::temp_directory_path() /
                    ("atto_outside_" + std::to_string(::getpid()) + ".json");
  const auto refusal_of = [&](const std::string& text) {
    spec::write_file_atomically(file, text);
    try {
      const auto read = read_outside(file, made.table, setting);
      return std::to_string(read.size()) + " " + read.at(0).label;
    } catch (const SpecError& error) {
      return std::string(error.what());
    }
  };
  const std::string head = R"({"contenders": [{"label": "x", "campaigns": )";
  CHECK(refusal_of(head + "[[[1, 0], [2.5, 3]], []]}]}") == "1 x");
  CHECK(refusal_of(head + "[[[1, 0]]]}]}") == "1 x");  // paired with the first repetition
  for (const std::string count : {"0", "3"})
    CHECK(refusal_of(head + (count == "0" ? "[]" : "[[], [], []]") + "}]}")
              .find("x: has " + count + " campaigns; the comparison has 2 repetitions") !=
          std::string::npos);
  CHECK(refusal_of(head + "[[[1, 100000]], []]}]}").find("x: design 100000 is not in the table") !=
        std::string::npos);
  for (const std::string& text :
       {std::string(), std::string("[]"), head + "5}]}", head + "[[[1]], []]}]}"})
    CHECK(refusal_of(text).find("cannot be read as campaigns") != std::string::npos);
  std::filesystem::remove(file);
}
