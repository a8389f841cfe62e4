// atto status DIR: how far a campaign is.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "design_specs/json_text.hpp"
#include "search/campaign/ending.hpp"
#include "search/campaign/run_folder.hpp"
#include "search/cli/board_text.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/console.hpp"
#include "search/cli/path_kind.hpp"
#include "search/ledger/open_ledger.hpp"
#include "search/ledger/process_mark.hpp"
#include "search/slurm/stored_profile.hpp"

namespace atto::cli {
namespace {

constexpr int kShownEvents = 5;
constexpr std::size_t kShownRows = 10;

/// "running" in the ledger is what its coordinator wrote; whether that one still lives, its role
/// tells.
std::string state_text(search::Ledger& ledger) {
  const search::CampaignState state = search::state_of(ledger);
  const bool is_orphan =
      state == search::CampaignState::Running && !ledger.is_taken(search::Role::Coordinate);
  return is_orphan ? "interrupted" : search::word_of(state);
}

/// "final, seed 2": a design may have several at once.
std::string stage_text(const search::Job& job) {
  if (job.stage == search::Stage::Final) return fmt::format("final, seed {}", job.replica + 1);
  return fmt::format("rung {}", job.rung + 1);
}

bool runs(const search::JobRow& row) {
  const search::Life life = search::life_of(row.process);
  return life == search::Life::Runs || life == search::Life::Unknown;
}

/// "Slurm: 12 workers run, 4 wait (Priority); atto-tiny-1a2b3c4d, 20 s ago". Workers that this
/// campaign has no more are not told of.
std::string slurm_text(const search::StoredCounts& stored) {
  const auto& [running, waiting, reason] = stored.counts;
  const std::string why = waiting > 0 && !reason.empty() ? " (" + reason + ")" : "";
  const double age = std::max(0.0, double(search::now_ms() - stored.at) / 1000);
  return fmt::format("Slurm: {} running, {} waiting{}; {}, {} ago", running, waiting, why,
                     stored.name, duration_text(age));
}

void print_json(search::Ledger& ledger, const search::Campaign& campaign,
                const search::RunFolder& folder, const std::string& state) {
  const search::Totals totals = ledger.totals();
  nlohmann::json tiers = nlohmann::json::array(), running = nlohmann::json::array(),
                 events = nlohmann::json::array(), hosts = nlohmann::json::array();
  for (int tier = 0; tier < campaign.tiers(); ++tier)
    tiers.push_back(
        board_json(search::make_leaderboard(ledger, campaign, tier), campaign, folder.path));
  for (const search::JobRow& row : ledger.jobs_in_state(search::State::Claimed))
    running.push_back({{"hash", row.job.hash},
                       {"stage", stage_text(row.job)},
                       {"worker", row.worker},
                       {"worker_runs", runs(row)},
                       {"epoch", row.epochs_done},
                       {"to_epoch", row.job.to_epoch},
                       {"attempt", row.attempt}});
  for (const search::Event& event : ledger.events(kShownEvents))
    events.push_back({{"at", event.at}, {"kind", event.kind}, {"text", event.text}});
  for (const search::HostRow& row : ledger.hosts())
    hosts.push_back({{"host", row.host},
                     {"environment", row.environment},
                     {"workers", row.workers},
                     {"jobs", row.jobs},
                     {"cpu_seconds", row.cpu_seconds}});
  nlohmann::json result = {{"folder", folder.path.string()},
                           {"name", campaign.spec.name},
                           {"state", state},
                           {"waiting_requests", search::waiting_requests(ledger).size()},
                           {"version", ledger.meta("version")},
                           {"strategy", campaign.spec.search.strategy},
                           {"seed", campaign.spec.search.seed},
                           {"jobs",
                            {{"all", totals.jobs},
                             {"ready", totals.ready},
                             {"claimed", totals.claimed},
                             {"done", totals.done},
                             {"failed", totals.failed},
                             {"diverged", totals.diverged},
                             {"refused", totals.refused},
                             {"reused", totals.reused}}},
                           {"cpu_seconds", totals.cpu_seconds},
                           {"wasted_cpu_seconds", totals.wasted_cpu_seconds},
                           {"reused_cpu_seconds", totals.saved_cpu_seconds},
                           {"probe_cpu_seconds", totals.probe_cpu_seconds},
                           {"score_cpu_seconds", totals.score_cpu_seconds},
                           {"coordinator_cpu_seconds", totals.coordinator_cpu_seconds},
                           {"environments", ledger.environments()},
                           {"hosts", hosts},
                           {"running", running},
                           {"events", events},
                           {"tiers", tiers}};
  if (const auto stored = search::stored_counts(ledger))
    result["slurm"] = {{"name", stored->name},
                       {"running", stored->counts.running},
                       {"waiting", stored->counts.waiting},
                       {"reason", stored->counts.reason},
                       {"at", stored->at}};
  fmt::print("{}\n", spec::json_text(result, 2));
}

void print_text(search::Ledger& ledger, const search::Campaign& campaign,
                const search::RunFolder& folder, const std::string& state) {
  const search::Totals totals = ledger.totals();
  fmt::print("{}: {} (atto {}, {}, seed {})\n", campaign.spec.name, state, ledger.meta("version"),
             campaign.spec.search.strategy, campaign.spec.search.seed);
  fmt::print("jobs: {} done, {} running, {} waiting; {} diverged, {} failed, {} reused{}\n",
             totals.done - totals.refused, totals.claimed, totals.ready, totals.diverged,
             totals.failed, totals.reused,
             totals.refused > 0 ? fmt::format("; {} refused before training", totals.refused) : "");
  fmt::print("cost: {} CPU, {} wasted\n", duration_text(totals.cpu_seconds),
             duration_text(totals.wasted_cpu_seconds));
  if (const auto stored = search::stored_counts(ledger)) fmt::print("{}\n", slurm_text(*stored));
  if (const std::vector<search::HostRow> hosts = ledger.hosts(); hosts.size() > 1)
    for (const search::HostRow& row : hosts)
      fmt::print("  {}: {} trials by {} workers, {} CPU; {}\n", row.host, row.jobs, row.workers,
                 duration_text(row.cpu_seconds), search::host_class_in(row.environment));
  for (const search::JobRow& row : ledger.jobs_in_state(search::State::Claimed))
    fmt::print("  {} {}, epoch {} of {}, attempt {}, {}{}\n", row.job.hash, stage_text(row.job),
               std::min(row.epochs_done + 1, row.job.to_epoch), row.job.to_epoch, row.attempt,
               row.worker, runs(row) ? "" : ", which has ended");
  for (const search::Event& event : ledger.events(kShownEvents)) fmt::print("  {}\n", event.text);
  for (int tier = 0; tier < campaign.tiers(); ++tier)
    fmt::print("{}", board_text(search::make_leaderboard(ledger, campaign, tier), campaign,
                                folder.path, kShownRows));
  const std::size_t waiting = search::waiting_requests(ledger).size();
  if (waiting > 0 && state != "running")
    fmt::print("{} of `atto steer` for: atto resume {}\n",
               waiting == 1 ? "1 request waits" : fmt::format("{} requests wait", waiting),
               folder.path.string());
  else if (state == "interrupted" || state == "stopped")
    fmt::print("continue with: atto resume {}\n", folder.path.string());
}

}  // namespace

void add_status(CLI::App& app, Action& action) {
  auto folder = std::make_shared<std::string>();
  auto is_json = std::make_shared<bool>(false);
  Command command(app, "status", "Show how far a campaign is");
  command.option("folder", *folder, "Run folder").required();
  command.flag("--json", *is_json, "As JSON");
  command.footer("Example:  atto status runs/quickstart-s1");
  command.runs(action, [folder, is_json] {
    expect_kind(*folder, "atto status", {PathKind::Campaign});
    const search::RunFolder run{*folder};
    const std::unique_ptr<search::Ledger> ledger =
        search::open_ledger(run.path, search::Ledger::Access::Snapshot);
    const search::Campaign campaign = search::load_campaign(*ledger);
    (*is_json ? print_json : print_text)(*ledger, campaign, run, state_text(*ledger));
    return 0;
  });
}

}  // namespace atto::cli
