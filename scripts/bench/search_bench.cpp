// Search strategies against each other on a stored table of trained designs: repetitions at equal
// simulated CPU-seconds, kept in a file, and what they say. scripts/bench/search.sh calls it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/reading/json.hpp"
#include "generator/space/feasible_space.hpp"
#include "scripts/bench/search_outcomes.hpp"
#include "search/cli/commands.hpp"
#include "search/tables/comparison.hpp"
#include "search/tables/outside.hpp"
#include "search/tables/table_file.hpp"
#include "search/tables/table_quality.hpp"

namespace {

using namespace atto;
using namespace atto::search;
using Json = nlohmann::ordered_json;

constexpr const char* kOurs = "generative_synthesis";
/// Baselines' settings are chosen at this share of the table's cost.
constexpr double kTuningBudget = 0.1;

struct Options {
  std::string table, settings, store, from, spec, problem;
  int repetitions = 100, window = 0;
  std::uint64_t seed = 1;
  double charged_per_job = 0;
  bool is_json = false, is_tuning = false, with_ablations = true;
  std::vector<std::string> only, with;
  std::vector<double> budgets = {0.02, 0.05, 0.1, 0.2, 0.3};
};

/// A table and the space its designs come from.
struct TableSource {
  StoredTable stored;
  spec::DesignSpec spec;
  std::unique_ptr<net::Prototype> prototype;
  std::unique_ptr<gen::FeasibleSpace> space;

  /// `limits`: a spec whose requirements and settings stand in place of the table's own; then only
  /// the designs are left that keep to them. `window` of every strategy; 0: as the spec says.
  TableSource(const std::string& file, const std::string& limits, int window)
      : stored(read_table(file)),
        spec(limits.empty() ? spec::read_design_spec(spec::parse_json(stored.spec_text, file), file)
                            : spec::read_design_spec(
                                  spec::parse_json(spec::read_file(limits), limits), limits)),
        prototype(std::make_unique<net::Prototype>(spec::parse_json(stored.prototype_text, file))),
        space(std::make_unique<gen::FeasibleSpace>(*prototype, stored.input, spec.require,
                                                   spec.search.band)) {
    spec.search.rungs = stored.table.rungs;
    if (window > 0) spec.search.window = window;
    if (!limits.empty()) stored.table = allowed_part(stored.table, *space);
  }
};

// ---- settings -----------------------------------------------------------------------------------

Json settings_json(const spec::SearchSettings& search) {
  return {{"rungs", search.rungs},
          {"promote", search.promote},
          {"population", search.evolution.population},
          {"tournament", search.evolution.tournament},
          {"starts", search.local_search.starts},
          {"front", search.synthesis.front}};
}

/// `table_rungs`: what there is; rungs that the table lacks are left out.
void apply(const Json& json, const std::vector<int>& table_rungs, spec::SearchSettings& search) {
  search.rungs = {};
  for (const int rung : json.at("rungs").get<std::vector<int>>())
    if (std::count(table_rungs.begin(), table_rungs.end(), rung) > 0) search.rungs.push_back(rung);
  if (search.rungs.empty() || search.rungs.back() != table_rungs.back()) search.rungs = table_rungs;
  search.promote = json.at("promote").get<double>();
  search.evolution.population = json.at("population").get<double>();
  search.evolution.tournament = json.at("tournament").get<double>();
  search.local_search.starts = json.value("starts", search.local_search.starts);
  search.synthesis.front = json.value("front", search.synthesis.front);
}

/// What a strategy may be tuned to: as many settings for each that has any.
std::vector<spec::SearchSettings> variants(const std::string& strategy,
                                           const spec::SearchSettings& start) {
  std::vector<spec::SearchSettings> made;
  const auto add = [&](std::vector<int> rungs, double promote, double population,
                       double tournament) {
    spec::SearchSettings one = start;
    one.rungs = std::move(rungs);
    one.promote = promote;
    one.evolution = {population, tournament};
    made.push_back(one);
  };
  const int top = start.rungs.back(), low = start.rungs.front();
  const int middle = start.rungs.size() > 2 ? start.rungs[1] : low;
  if (strategy == "random") {
    add({top}, 1.0 / 3, 0.25, 0.25);
  } else if (strategy == "aging_evolution") {
    for (const double population : {0.1, 0.25, 0.5})
      for (const double tournament : {0.1, 0.25, 0.5}) add({top}, 1.0 / 3, population, tournament);
  } else if (strategy == "local_search") {
    for (const double starts : {0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5}) {
      add({top}, 1.0 / 3, 0.25, 0.25);
      made.back().local_search.starts = starts;
    }
  } else if (strategy == "one_epoch_top_k") {
    for (const int first : {low, middle})
      for (const double promote : {0.05, 0.1, 0.2, 1.0 / 3}) add({first, top}, promote, 0.25, 0.25);
    add({low, top}, 0.5, 0.25, 0.25);
  } else {
    for (const std::vector<int>& rungs :
         {std::vector<int>{low, middle, top}, std::vector<int>{low, top},
          std::vector<int>{middle, top}})
      for (const double promote : {0.2, 1.0 / 3, 0.5}) add(rungs, promote, 0.25, 0.25);
  }
  return made;
}

bool is_wanted(const Options& options, const std::string& label) {
  return options.only.empty() ||
         std::find(options.only.begin(), options.only.end(), label) != options.only.end();
}

ComparisonSetting setting_for(const TableSource& source, const Options& options) {
  ComparisonSetting setting;
  setting.space = source.space.get();
  setting.maximise = source.spec.maximise;
  const auto& scores = source.spec.require.scores;
  if (const auto bound = scores.find(source.spec.maximise.score.name); bound != scores.end())
    setting.bound = bound->second;
  setting.budgets = options.budgets;
  setting.repetitions = options.repetitions;
  setting.seed = options.seed;
  setting.charged_per_job = options.charged_per_job;
  return setting;
}

/// Tries every variant of every strategy at one budget; the lowest mean regret wins.
Json tune(const TableSource& source, const Options& options) {
  ComparisonSetting setting = setting_for(source, options);
  setting.budgets = {kTuningBudget};
  setting.seed = spec::derive_seed({options.seed, 0x74756e65});
  for (const StrategyEntry& entry : strategies()) {
    const std::string name(entry.name);
    if (!is_wanted(options, name)) continue;
    for (const spec::SearchSettings& variant : variants(name, source.spec.search))
      setting.contenders.push_back({name, name, variant, name != kOurs});
  }
  const std::vector<Outcomes> outcomes = compare(source.stored.table, setting);
  Json chosen = Json::object();
  std::map<std::string, double> best;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const std::vector<double>& regrets = outcomes[i].results[0][0];
    double mean = 0;
    for (const double regret : regrets) mean += regret / static_cast<double>(regrets.size());
    fmt::print(stderr, "{:22} mean regret {:.3f}  {}\n", outcomes[i].label, mean,
               settings_json(setting.contenders[i].search).dump());
    const auto [at, is_new] = best.try_emplace(outcomes[i].label, mean);
    if (!is_new && mean >= at->second) continue;
    at->second = mean;
    chosen[outcomes[i].label] = settings_json(setting.contenders[i].search);
    chosen[outcomes[i].label]["mean_regret"] = std::round(1e4 * mean) / 1e4;
  }
  return chosen;
}

std::vector<Contender> contenders(const TableSource& source, const Json& settings,
                                  bool with_ablations) {
  std::vector<Contender> made;
  for (const StrategyEntry& entry : strategies()) {
    const std::string name(entry.name);
    Contender one{name, name, source.spec.search, name != kOurs};
    if (settings.contains(name)) apply(settings.at(name), source.stored.table.rungs, one.search);
    made.push_back(one);
    if (name != kOurs || !with_ablations) continue;
    const auto without = [&](const char* what, auto spec::SynthesisSettings::*part) {
      Contender ablated = one;
      ablated.label = std::string("without ") + what;
      ablated.search.synthesis.*part = {};
      made.push_back(ablated);
    };
    without("inquisitor", &spec::SynthesisSettings::inquisitor);
    without("probes", &spec::SynthesisSettings::probes);
    without("zero-cost", &spec::SynthesisSettings::zero_cost);
    without("rungs", &spec::SynthesisSettings::rungs);
    without("context", &spec::SynthesisSettings::context);
    without("front", &spec::SynthesisSettings::front);
  }
  return made;
}

Json run(const TableSource& source, const Options& options) {
  Json settings = Json::object();
  if (!options.settings.empty()) settings = Json::parse(spec::read_file(options.settings));
  ComparisonSetting setting = setting_for(source, options);
  for (const Contender& contender : contenders(source, settings, options.with_ablations))
    if (is_wanted(options, contender.label)) setting.contenders.push_back(contender);
  std::vector<Outcomes> outcomes = compare(source.stored.table, setting);
  for (const std::string& file : options.with)
    for (const OutsideContender& contender : read_outside(file, source.stored.table, setting))
      outcomes.push_back(judge(source.stored.table, setting, contender));
  const TableQuality quality = table_quality(source.stored.table);
  const std::size_t runs = source.stored.table.common_runs();
  Json used = Json::object();
  for (const Contender& contender : setting.contenders)
    used[contender.label] = settings_json(contender.search);
  return {{"table", source.spec.name},
          {"designs", quality.designs},
          {"runs", quality.runs},
          {"total_cpu_seconds", rounded(source.stored.table.total_cpu_seconds())},
          {"seed_deviation", rounded(quality.seed_deviation)},
          {"seed_noise", rounded(100 * quality.seed_deviation / std::sqrt(double(runs - 1)))},
          {"design_deviation", rounded(quality.design_deviation)},
          {"between_seeds", rounded(quality.between_seeds)},
          {"to_top", quality.to_top},
          {"rungs", source.stored.table.rungs},
          {"seed", options.seed},
          {"repetitions", options.repetitions},
          {"charged_per_job", options.charged_per_job},
          {"budgets", options.budgets},
          {"settings", used},
          {"outcomes", outcomes_json(outcomes)}};
}

int bench(const Options& options) {
  const auto source = [&] { return TableSource(options.table, options.spec, options.window); };
  if (options.is_tuning) {
    const std::string text = tune(source(), options).dump(2) + "\n";
    if (options.store.empty())
      std::cout << text;
    else
      spec::write_file_atomically(options.store, text);
    return 0;
  }
  if (!options.problem.empty()) {
    const TableSource read = source();
    spec::write_file_atomically(
        options.problem, problem_text(read.stored.table, read.spec, setting_for(read, options)));
    return 0;
  }
  const Json stored =
      options.from.empty() ? run(source(), options) : Json::parse(spec::read_file(options.from));
  if (!options.store.empty()) spec::write_file_atomically(options.store, stored.dump() + "\n");
  const Json said = summary(stored);
  if (options.is_json)
    std::cout << said.dump(2) << "\n";
  else
    print_summary(stored, said);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Search strategies on a stored table");
  Options options;
  app.add_option("table", options.table, "Table (safetensors), as atto tabulate writes it");
  app.add_option("--spec", options.spec,
                 "Spec whose requirements and settings replace the table's own");
  app.add_option("--settings", options.settings, "Settings by strategy (JSON), as --tune writes");
  app.add_option("--repetitions", options.repetitions)->check(CLI::Range(2, 100000));
  app.add_option("--seed", options.seed);
  app.add_option("--budgets", options.budgets, "Shares of the table's cost")->delimiter(',');
  app.add_option("--charge", options.charged_per_job,
                 "CPU-seconds of generator and inquisitor, a job");
  app.add_option("--store", options.store, "File to keep the repetitions (--tune: settings) in");
  app.add_option("--from", options.from, "Kept repetitions to read instead of running any");
  app.add_option("--window", options.window, "search.window of every strategy")
      ->check(CLI::Range(1, 100000));
  app.add_option("--problem", options.problem,
                 "File for what an optimiser outside needs; runs nothing");
  app.add_option("--with", options.with, "Campaigns of optimisers outside (JSON), to be judged");
  app.add_option("--only", options.only, "Run these contenders alone")->delimiter(',');
  app.add_flag("--tune", options.is_tuning, "Choose every strategy's settings");
  app.add_flag("!--no-ablations", options.with_ablations);
  app.add_flag("--json", options.is_json);
  CLI11_PARSE(app, argc, argv);
  if (options.table.empty() == options.from.empty()) {
    std::cerr << "search_bench: give a table, or --from\n";
    return 2;
  }
  return cli::run_guarded([&] { return bench(options); });
}
