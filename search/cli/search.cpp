// atto search SPEC: checks, estimates, then runs a campaign.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "design_specs/files.hpp"
#include "design_specs/json_text.hpp"
#include "export/runtime/level.hpp"
#include "search/campaign/estimate.hpp"
#include "search/campaign/run_folder.hpp"
#include "search/campaign/useful_scores.hpp"
#include "search/cli/campaign_run.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/export_run.hpp"
#include "search/cli/feasible_start.hpp"
#include "search/cli/path_kind.hpp"
#include "search/cli/quantity_text.hpp"
#include "search/cli/slurm_choice.hpp"
#include "search/cli/terminal.hpp"
#include "search/cli/worker_options.hpp"
#include "search/ledger/open_ledger.hpp"
#include "search/running/crew.hpp"
#include "search/running/host_class.hpp"
#include "search/running/parallelism.hpp"
#include "search/running/reuse.hpp"
#include "search/slurm/stored_profile.hpp"

namespace atto::cli {
namespace {

struct SearchOptions {
  std::string spec, out, ledger, evaluator = "torch", device = "auto", calibration, slurm;
  std::optional<std::uint64_t> seed;
  std::optional<int> candidates;
  std::optional<std::string> strategy;
  std::vector<std::string> include, warm_start;
  int workers = 0;
  bool is_dry_run = false, is_async = false, is_json = false, mixes_hosts = false;
};

search::Estimate estimate_all(const search::Campaign& campaign, std::size_t included) {
  search::Estimate sum;
  for (int tier = 0; tier < campaign.tiers(); ++tier)
    sum += search::estimate_tier(campaign, tier, campaign.spec.search.candidates);
  sum.jobs += double(included) * campaign.tiers();
  return sum;
}

/// What is not training, where it is felt.
std::string other_text(const search::Estimate& estimate) {
  std::string text;
  const auto add = [&text](const char* what, double seconds) {
    if (seconds >= 1) text += fmt::format(", {} {:.0f} s", what, seconds);
  };
  add("proposing", estimate.coordinator_cpu_seconds);
  add("measuring latencies", estimate.measuring_seconds);
  add("export", estimate.export_seconds);
  return text;
}

std::string estimate_text(const search::Campaign& campaign, const search::Estimate& estimate,
                          int workers) {
  const spec::SearchSettings& search = campaign.spec.search;
  std::string text = fmt::format(
      "{}: {} designs{} by {}, rungs at {} epochs of {} images, {} finalist{} x {} "
      "seed{} x {} epochs of {} images\n",
      campaign.spec.name, search.candidates,
      campaign.tiers() > 1 ? fmt::format(" in each of {} tiers", campaign.tiers()) : "",
      search.strategy, fmt::join(search.rungs, ", "), campaign.images(train::Phase::Search),
      search.finalists, search.finalists == 1 ? "" : "s", campaign.spec.training.final_seeds,
      campaign.spec.training.final_seeds == 1 ? "" : "s", campaign.spec.training.final_epochs,
      campaign.images(train::Phase::Final));
  text += fmt::format("data: {}\n", campaign.data);
  if (estimate.typical.params > 0)
    text += fmt::format("typical design: {} params, {} MACs, {} peak activations\n",
                        short_count(double(estimate.typical.params)),
                        short_count(double(estimate.typical.macs)),
                        bytes_text(double(estimate.typical.peak_activation_bytes)));
  text += fmt::format(
      "estimate: {:.2f} CPU-hours (search {:.2f}, finalists {:.2f}{}), about {} with {} "
      "worker{}{}; "
      "{} of disk\n",
      estimate.cpu_seconds() / 3600, estimate.search_cpu_seconds / 3600,
      estimate.final_cpu_seconds / 3600, other_text(estimate),
      duration_text(search::wall_seconds(campaign, estimate, workers)), workers,
      workers == 1 ? "" : "s",
      campaign.device == "cuda" ? " if it ran on the CPU, and less on the card" : "",
      bytes_text(estimate.disk_bytes));
  return text;
}

/// A window of more than this share of the candidates leaves little to learn from (measured).
constexpr int kWindowShare = 3;

/// What workers beyond the window are told; empty where there are none.
std::string window_text(const search::Campaign& campaign, int workers) {
  const spec::SearchSettings& search = campaign.spec.search;
  if (workers <= search.window) return {};
  const int most = std::max(search.window, search.candidates / kWindowShare);
  const std::string advice =
      workers <= most ? fmt::format("{} would keep all busy", workers)
                      : fmt::format(
                            "of {} candidates, more than {} at once leave too few results "
                            "to learn from",
                            search.candidates, most);
  return fmt::format("/search/window: only {} of {} workers search at once; {}\n", search.window,
                     workers, advice);
}

nlohmann::json estimate_json(const search::Campaign& campaign, const search::Estimate& estimate,
                             int workers) {
  return {{"name", campaign.spec.name},
          {"jobs", estimate.jobs},
          {"cpu_hours", estimate.cpu_seconds() / 3600},
          {"search_cpu_hours", estimate.search_cpu_seconds / 3600},
          {"final_cpu_hours", estimate.final_cpu_seconds / 3600},
          {"coordinator_cpu_hours", estimate.coordinator_cpu_seconds / 3600},
          {"measuring_hours", estimate.measuring_seconds / 3600},
          {"export_hours", estimate.export_seconds / 3600},
          {"wall_hours", search::wall_seconds(campaign, estimate, workers) / 3600},
          {"workers", workers},
          {"disk_bytes", estimate.disk_bytes}};
}

/// What a campaign begins with, checked.
struct CheckedStart {
  search::Campaign campaign;
  std::vector<search::DesignRow> included;
  std::optional<SlurmChoice> slurm;
};

CheckedStart begin(const SearchOptions& options) {
  spec::JsonFile written = read_expected(options.spec, "atto search", {PathKind::Spec});
  for (const std::string& folder : options.warm_start)
    expect_kind(folder, "atto search --warm-start", {PathKind::Campaign});
  search::Campaign campaign = search::read_campaign(
      std::move(written), {options.seed, options.candidates, options.strategy},
      search::read_word<search::EvaluatorKind>(options.evaluator));
  search::expect_ledger_url(options.ledger);
  expect_writable(campaign.spec);
  expect_tools(campaign.spec);
  edge::chosen_level();  // what is to be measured after the training shows now
  campaign.device = options.device;
  campaign.is_async = options.is_async;
  for (const std::string& note : campaign.data_notes) say("data: " + note + "\n");
  for (const std::string& warning : check_start(campaign)) say(warning + "\n");
  for (const std::string& message : search::leave_out_scores(campaign, options.calibration))
    say(message + "\n");
  std::vector<search::DesignRow> included;
  for (const std::string& file : options.include)
    included.push_back(search::human_design(
        campaign, read_expected(file, "atto search --include", {PathKind::Network})));
  std::optional<SlurmChoice> slurm;
  if (!options.slurm.empty()) {
    slurm = read_slurm(options.slurm, "atto search --slurm", options.workers);
    expect_cpus(*slurm, campaign);
  } else {
    expect_local_workers(options.workers);
  }
  return {std::move(campaign), std::move(included), std::move(slurm)};
}

/// What --dry-run prints of a campaign besides its estimate in words.
void print_plan(const CheckedStart& start, const search::RunFolder& folder,
                const search::Estimate& estimate, int workers, bool is_json) {
  nlohmann::json json = estimate_json(start.campaign, estimate, workers);
  if (start.slurm) {
    const search::SlurmJob job = slurm_job(start.campaign, folder.path, start.slurm->profile, "ID");
    if (!is_json) fmt::print("\n{}", script_text(job));
    json["slurm"] = {{"script", search::job_script(job)},
                     {"submit", search::submit_words(job, job.profile.workers)}};
  }
  if (is_json) fmt::print("{}\n", spec::json_text(json, 2));
}

int search_command(const SearchOptions& options) {
  search::StopSignals signals(true);
  CheckedStart start;
  search::Estimate estimate;
  run_unless_stopped(signals, options.is_json, [&] {
    start = begin(options);
    estimate = estimate_all(start.campaign, start.included.size());
  });
  const auto& [campaign, included, slurm] = start;
  const int wanted = slurm ? slurm->profile.workers : options.workers;
  const int workers = wanted > 0 ? wanted : search::default_workers(campaign);
  say(window_text(campaign, workers));
  if (!options.is_json)
    print_unless_stopped(signals, estimate_text(campaign, estimate, workers), kNothingMade);
  const search::RunFolder folder{options.out.empty() ? search::default_run_folder(campaign)
                                                     : std::filesystem::path(options.out)};
  if (options.is_dry_run) {
    print_plan(start, folder, estimate, workers, options.is_json);
    return 0;
  }
  if (campaign.is_async)
    say("--async: proposals follow the order of completion; the campaign cannot be repeated\n");
  search::worker_command(campaign,
                         folder.path);  // a missing trainer shows before the folder is made
  if (campaign.evaluator != search::EvaluatorKind::Fake && !slurm)
    search::expect_device(campaign.device);
  std::vector<std::filesystem::path> warm(options.warm_start.begin(), options.warm_start.end());
  search::ReuseSources(campaign, warm);  // as does one that cannot be read
  if (slurm && options.ledger.empty()) search::expect_one_host(slurm->profile);
  search::make_run_folder(folder, campaign, included, options.ledger, [&](search::Ledger& ledger) {
    if (slurm) search::store_profile(ledger, slurm->file.document, slurm->file.text, workers);
    if (options.mixes_hosts) search::allow_mixed_hosts(ledger);
  });
  return run_and_show(folder.path, {options.workers, options.is_json, std::move(warm)}, signals);
}

}  // namespace

void add_search(CLI::App& app, Action& action) {
  auto options = std::make_shared<SearchOptions>();
  Command command(app, "search", "Run a design campaign");
  command.option("spec", options->spec, "Design requirements (JSON)").required();
  command.option("--out", options->out, "Run folder; default runs/NAME-sSEED");
  command.option("--ledger", options->ledger,
                 "postgresql://HOST/DATABASE: keeps the ledger there, for workers of several "
                 "machines that share the run folder; default: a file of it");
  command
      .option("--workers", options->workers,
              "Worker processes; default: one per core, at most "
              "search.window; with --slurm what the profile says")
      .range(1, kMostSlurmWorkers);
  add_slurm_option(command, options->slurm);
  add_mixed_hosts_flag(command, options->mixes_hosts);
  command.flag("--dry-run", options->is_dry_run,
               "Check and estimate only; show the job script of --slurm");
  command.option("--include", options->include,
                 "A person's design to evaluate under the same rungs");
  command.option("--warm-start", options->warm_start,
                 "Run folder whose matching results are reused");
  command.option("--calibration", options->calibration,
                 "What `atto calibrate` wrote (default runs/calibration-NAME), or none: the "
                 "zero-cost scores that it switched off are left out");
  command.option("--evaluator", options->evaluator, "What evaluates designs")
      .one_of({"torch", "fake"});
  command.option("--seed", options->seed, "Overrides search.seed");
  command.option("--candidates", options->candidates, "Overrides search.candidates");
  command.option("--strategy", options->strategy, "Overrides search.strategy")
      .suggests({search::strategy_names().begin(), search::strategy_names().end()});
  add_device_option(command, options->device);
  command.flag("--async", options->is_async, "See results as they finish; gives up repeatability");
  command.flag("--json", options->is_json, "Results as JSON on stdout");
  command.footer(
      "Examples:\n"
      "  atto search design_specs/quickstart.json --workers 2\n"
      "  atto search design_specs/quickstart.json --slurm cluster.json --dry-run");
  command.runs(action, [options] { return search_command(*options); });
}

}  // namespace atto::cli
