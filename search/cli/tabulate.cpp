// atto tabulate SPEC: trains every feasible design of a small prototype, for tables. atto calibrate
// SPEC: trains a few, and asks what the scores that need no training are worth.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "design_specs/files.hpp"
#include "design_specs/json_text.hpp"
#include "design_specs/seeds/random.hpp"
#include "search/cli/calibrate_latency.hpp"
#include "search/cli/campaign_run.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/console.hpp"
#include "search/cli/failure.hpp"
#include "search/cli/path_kind.hpp"
#include "search/cli/worker_options.hpp"
#include "search/ledger/open_ledger.hpp"
#include "search/running/crew.hpp"
#include "search/tables/calibration.hpp"
#include "search/tables/table_file.hpp"
#include "search/tables/table_import.hpp"
#include "search/tables/table_quality.hpp"
#include "search/tables/tabulation.hpp"

namespace atto::cli {
namespace {

constexpr std::size_t kMeasuredDesigns = 5;

struct TabulateOptions {
  std::string spec, out, table, rows, prototype, data, evaluator = "torch", device = "cpu";
  search::TabulationPlan plan;
  int workers = 1, designs = 60;
  std::size_t cut = 0;
  bool is_dry_run = false, is_gathering = false, is_json = false, is_latency = false;
};

/// Throws SpecError when the folder holds a table of another spec or prototype.
void expect_same(const search::RunFolder& folder, const search::Campaign& campaign) {
  if (search::ledger_in(folder.path).empty()) return;
  const std::unique_ptr<search::Ledger> ledger =
      search::open_ledger(folder.path, search::Ledger::Access::Snapshot);
  const search::Campaign stored = search::load_campaign(*ledger);
  if (stored.spec_text != campaign.spec_text || stored.prototype_text != campaign.prototype_text)
    throw SpecError({{campaign.spec_name, "",
                      "is not what the table in this folder was begun with; choose another --out",
                      folder.path.string()}});
}

search::CoordinatorOptions coordinator_options(const TabulateOptions& options,
                                               const search::Campaign& campaign,
                                               const std::filesystem::path& folder) {
  search::CoordinatorOptions made;
  made.folder = folder;
  made.workers = options.workers;
  made.command = search::worker_command(campaign, folder);
  return made;
}

double number_of_runs(const search::TabulationPlan& plan, std::size_t designs) {
  const auto more = std::min<std::size_t>(
      designs, static_cast<std::size_t>(plan.best) + static_cast<std::size_t>(plan.random));
  return double(designs) * plan.seeds + double(more) * plan.more_seeds;
}

/// Trains a few designs in a folder that goes afterwards, and prints what the whole would cost.
int measure(const TabulateOptions& options, const search::Campaign& campaign,
            const std::vector<search::DesignRow>& designs, search::StopSignals& signals) {
  const search::RunFolder folder{std::filesystem::temp_directory_path() /
                                 fmt::format("atto-dry-run-{}", search::now_ms())};
  search::make_run_folder(folder, campaign);
  std::vector<search::DesignRow> few;
  const std::size_t count = std::min(kMeasuredDesigns, designs.size());
  for (std::size_t i = 0; i < count; ++i) few.push_back(designs[i * designs.size() / count]);
  search::CampaignEnd end;
  {
    Console console(campaign.spec.maximise.score, options.is_json);
    end = search::run_tabulation(coordinator_options(options, campaign, folder.path), {1, 0, 0, 0},
                                 few, console, signals);
  }
  const double spent = search::open_ledger(folder.path)->totals().cpu_seconds;
  std::error_code ignored;
  std::filesystem::remove_all(folder.path, ignored);
  if (end == search::CampaignEnd::Interrupted)
    return tell(interrupted("stopped; nothing is kept of a dry run"), options.is_json);
  const double each = spent / double(count), runs = number_of_runs(options.plan, designs.size());
  if (options.is_json) {
    const nlohmann::json json = {{"measured_designs", count},
                                 {"cpu_seconds_a_run", each},
                                 {"runs", runs},
                                 {"cpu_hours", each * runs / 3600}};
    fmt::print("{}\n", spec::json_text(json, 2));
    return 0;
  }
  fmt::print("measured: {} designs, {:.2f} CPU-s a run\nestimate: {:.0f} runs, {:.2f} CPU-hours\n",
             count, each, runs, each * runs / 3600);
  return 0;
}

search::Campaign campaign_of(const TabulateOptions& options, const char* command) {
  search::Campaign campaign =
      search::read_campaign(read_expected(options.spec, command, {PathKind::Spec}), {},
                            search::read_word<search::EvaluatorKind>(options.evaluator));
  campaign.device = options.device;
  campaign.wants_responses = true;
  campaign.scored_jobs = std::numeric_limits<std::int64_t>::max();
  return campaign;
}

/// Begins or goes on in the folder; returns an exit code, 0 when all runs are done.
int run_all(const TabulateOptions& options, const search::Campaign& campaign,
            const search::RunFolder& folder, const search::TabulationPlan& plan,
            const std::vector<search::DesignRow>& designs, search::StopSignals& signals) {
  const search::CoordinatorOptions run = coordinator_options(options, campaign, folder.path);
  expect_same(folder, campaign);
  if (campaign.evaluator != search::EvaluatorKind::Fake) search::expect_device(campaign.device);
  if (search::ledger_in(folder.path).empty()) search::make_run_folder(folder, campaign);
  search::CampaignEnd end;
  {
    Console console(campaign.spec.maximise.score, options.is_json);
    end = search::run_tabulation(run, plan, designs, console, signals);
  }
  if (end == search::CampaignEnd::Finished) return 0;
  return tell(interrupted(fmt::format("stopped; the same command goes on in --out {}",
                                      folder.path.string())),
              options.is_json);
}

nlohmann::json quality_json(const search::TableQuality& quality) {
  return {{"designs", quality.designs},
          {"runs", quality.runs},
          {"cpu_seconds", quality.cpu_seconds},
          {"seed_deviation", quality.seed_deviation},
          {"design_deviation", quality.design_deviation},
          {"between_seeds", quality.between_seeds},
          {"to_top_rung", quality.to_top}};
}

void show_quality(const search::Table& table, const search::TableQuality& quality,
                  bool has_seconds = true) {
  const double scale = spec::scale_of(table.score);
  fmt::print("table: {} designs, {} runs{}\n", quality.designs, quality.runs,
             has_seconds ? fmt::format(", {:.2f} CPU-hours", quality.cpu_seconds / 3600) : "");
  fmt::print(
      "seed deviation {:.2f} points, design deviation {:.2f} points\n"
      "Spearman between seeds at the top rung {:.3f}{}\n",
      scale * quality.seed_deviation, scale * quality.design_deviation, quality.between_seeds,
      quality.between_seeds < 0.7 ? ": below 0.7, this table decides nothing" : "");
  for (std::size_t rung = 0; rung + 1 < quality.to_top.size(); ++rung)
    fmt::print("Spearman of epoch {} with the top rung {:.3f}\n", table.rungs[rung],
               quality.to_top[rung]);
}

/// Writes the designs that have all their seeds, and says what the table is worth.
int gather(const TabulateOptions& options, const search::RunFolder& folder) {
  const std::unique_ptr<search::Ledger> ledger =
      search::open_ledger(folder.path, search::Ledger::Access::Snapshot);
  search::StoredTable stored =
      search::gather_table(*ledger, search::load_campaign(*ledger), options.plan.seeds);
  if (stored.table.designs.empty())
    return tell(missed(fmt::format("{}: no design has all of its {} runs yet", folder.path.string(),
                                   options.plan.seeds)),
                options.is_json);
  if (options.cut > 0) search::cut_table(stored, options.cut);
  const search::TableQuality quality = search::table_quality(stored.table);
  if (!options.is_json) show_quality(stored.table, quality);
  if (!options.table.empty()) search::write_table(options.table, stored);
  if (options.is_json)
    fmt::print("{}\n", spec::json_text(quality_json(quality), 2));
  else if (!options.table.empty())
    fmt::print("written: {}\n", options.table);
  return 0;
}

/// Makes the table of trainings that others have done.
int import_rows(const TabulateOptions& options) {
  search::ImportedTable imported = search::import_table(
      options.rows, read_expected(options.prototype, "atto tabulate --space", {PathKind::Network}),
      options.data);
  const search::Table& table = imported.stored.table;
  if (options.cut > 0) search::cut_table(imported.stored, options.cut);
  const search::TableQuality quality = search::table_quality(table);
  search::write_table(options.table, imported.stored);
  if (options.is_json) {
    nlohmann::json json = quality_json(quality);
    json["rows"] = imported.rows;
    json["repeated"] = imported.repeated;
    fmt::print("{}\n", spec::json_text(json, 2));
    return 0;
  }
  fmt::print("{} rows, {} of them of a network and seed that others have\n", imported.rows,
             imported.repeated);
  show_quality(table, quality, imported.has_seconds);
  fmt::print("written: {}\n", options.table);
  return 0;
}

int tabulate_command(const TabulateOptions& options) {
  if (!options.rows.empty()) return import_rows(options);
  search::StopSignals signals(true);
  const search::Campaign campaign = campaign_of(options, "atto tabulate");
  const search::RunFolder folder{options.out.empty() ? "runs/table-" + campaign.spec.name
                                                     : options.out};
  if (options.is_gathering) return gather(options, folder);
  if (!options.is_dry_run) expect_same(folder, campaign);
  std::vector<search::DesignRow> designs;
  run_unless_stopped(signals, options.is_json,
                     [&] { designs = search::designs_to_tabulate(campaign); });
  if (!options.is_json)
    print_unless_stopped(
        signals,
        fmt::format(
            "{}: {} feasible designs, rungs at {} epochs of {} images, {} seeds\ndata: {}\n",
            campaign.spec.name, designs.size(), fmt::join(campaign.spec.search.rungs, ", "),
            campaign.spec.search.images.value_or(static_cast<int>(campaign.train_images)),
            options.plan.seeds, campaign.data),
        kNothingMade);
  if (options.is_dry_run) return measure(options, campaign, designs, signals);
  if (const int code = run_all(options, campaign, folder, options.plan, designs, signals))
    return code;
  return gather(options, folder);
}

/// Distinct feasible designs drawn from the space by the campaign's seed.
std::vector<search::DesignRow> random_designs(const search::Campaign& campaign, int count) {
  const gen::FeasibleSpace space(*campaign.prototype, campaign.input, campaign.require(0),
                                 campaign.spec.search.band);
  std::vector<search::DesignRow> designs;
  for (const gen::Candidate& candidate :
       gen::generate(space, static_cast<std::size_t>(count),
                     spec::derive_seed({campaign.spec.search.seed, spec::hash_bytes("calibrate")})))
    designs.push_back(search::machine_design(candidate, "sampled"));
  return designs;
}

int calibrate_command(const TabulateOptions& options) {
  search::StopSignals signals(true);
  const search::Campaign campaign = campaign_of(options, "atto calibrate");
  std::vector<search::DesignRow> designs;
  run_unless_stopped(signals, options.is_json,
                     [&] { designs = random_designs(campaign, options.designs); });
  if (designs.size() < 3)
    throw SpecError({{campaign.spec_name, "/require", "leaves fewer than 3 designs", ""}});
  if (options.is_latency) return calibrate_latency(campaign, designs, options.is_json, signals);
  const search::RunFolder folder{options.out.empty() ? "runs/calibration-" + campaign.spec.name
                                                     : options.out};
  if (const int code = run_all(options, campaign, folder, {1, 0, 0, 0}, designs, signals))
    return code;
  const std::unique_ptr<search::Ledger> ledger =
      search::open_ledger(folder.path, search::Ledger::Access::Snapshot);
  const search::Calibration calibration =
      search::calibrate(search::gather_table(*ledger, search::load_campaign(*ledger), 1));
  const std::string json = search::calibration_json(calibration);
  spec::write_file_atomically(folder.calibration(), json);
  fmt::print("{}", options.is_json ? json : search::calibration_text(calibration));
  if (!options.is_json) fmt::print("written: {}\n", folder.calibration().string());
  return 0;
}

/// Throws SpecError for options that do not go together.
void expect_options(const TabulateOptions& options) {
  const auto refuse = [](const char* option, const char* rule) {
    throw SpecError({{option, "", rule, ""}});
  };
  if (options.rows.empty()) {
    if (options.spec.empty()) refuse("spec", "is needed, or --import with --space");
    if (!options.prototype.empty()) refuse("--space", "goes with --import");
    if (!options.data.empty()) refuse("--data", "goes with --import");
    return;
  }
  if (!options.spec.empty()) refuse("spec", "does not go with --import");
  if (options.prototype.empty()) refuse("--space", "is needed with --import");
  if (options.table.empty()) refuse("--table", "is needed with --import");
}

void add_common(Command& command, TabulateOptions& options) {
  command.option("--workers", options.workers, "Worker processes").range(1, 1024);
  command.option("--evaluator", options.evaluator, "What evaluates designs")
      .one_of({"torch", "fake"});
  add_device_option(command, options.device);
}

}  // namespace

void add_tabulate(CLI::App& app, Action& action) {
  auto options = std::make_shared<TabulateOptions>();
  Command command(app, "tabulate", "Train every feasible design of a small prototype");
  command.option("spec", options->spec, "Design requirements (JSON); not with --import");
  add_common(command, *options);
  command.option("--out", options->out,
                 "Run folder, gone on with where it exists; default runs/table-NAME");
  command.option("--seeds", options->plan.seeds, "Runs of every design").range(1, 100);
  command
      .option("--more-seeds", options->plan.more_seeds,
              "Further runs of the 30 best designs and of 30 random ones")
      .range(0, 100);
  command.flag("--dry-run", options->is_dry_run, "Measure five designs and print the total");
  command.flag("--gather", options->is_gathering,
               "Train nothing: write what the run folder holds so far");
  command.option("--table", options->table, "File to write the table to (safetensors)");
  command.flag("--json", options->is_json, "Results as JSON on stdout");
  command.option("--cut", options->cut, "Write that many designs only");
  command.option("--import", options->rows,
                 "Train nothing: make the table of rows that others have trained (CSV)");
  command.option("--space", options->prototype, "With --import: the prototype of their designs");
  command.option("--data", options->data, "With --import: what they were trained on, for people");
  command.footer(
      "Examples:\n"
      "  atto tabulate design_specs/table_fashion.json --seeds 3 --dry-run\n"
      "  atto tabulate --import rows.csv --space cells.json --table cells.safetensors");
  command.runs(action, [options] {
    expect_options(*options);
    return tabulate_command(*options);
  });
}

void add_calibrate(CLI::App& app, Action& action) {
  auto options = std::make_shared<TabulateOptions>();
  Command command(app, "calibrate",
                  "Train a few random designs and compare scores that need no training");
  command.option("spec", options->spec, "Design requirements (JSON)").required();
  add_common(command, *options);
  command.option("--out", options->out,
                 "Run folder, gone on with where it exists; default runs/calibration-NAME");
  command.option("--designs", options->designs, "Random feasible designs to train").range(3, 10000);
  command.flag("--latency", options->is_latency,
               "Train nothing: measure the designs here, and what predictions of that are worth");
  command.flag("--json", options->is_json, "Results as JSON on stdout");
  command.footer("Example:  atto calibrate design_specs/quickstart.json --workers 2");
  command.runs(action, [options] { return calibrate_command(*options); });
}

}  // namespace atto::cli
