#include "search/cli/campaign_run.hpp"

#include <errno.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "design_specs/errors.hpp"
#include "design_specs/json_text.hpp"
#include "search/campaign/run_folder.hpp"
#include "search/cli/board_text.hpp"
#include "search/cli/console.hpp"
#include "search/cli/export_run.hpp"
#include "search/cli/export_shown.hpp"
#include "search/cli/failure.hpp"
#include "search/cli/model_shown.hpp"
#include "search/cli/run_detector.hpp"
#include "search/cli/slurm_choice.hpp"
#include "search/cli/terminal.hpp"
#include "search/latency/engine/engine_latency_meter.hpp"
#include "search/latency/fake_latency_meter.hpp"
#include "search/ledger/open_ledger.hpp"
#include "search/running/early_stop.hpp"
#include "search/running/latency_gate.hpp"
#include "search/running/parallelism.hpp"

namespace atto::cli {
namespace {

constexpr std::size_t kShownRows = 20;

bool has_int8(const deploy::Target& target, const spec::TaskKind& task) {
  const auto can_write = task.finds_objects() ? target.can_write_detector : target.can_write;
  return can_write != nullptr && can_write(deploy::Precision::I8);
}

/// Writes a tier's winner in the formats that the spec asks for, the model file in int8 too where
/// there is that; none where nothing was trained. Those that do not agree with LibTorch are among
/// them.
std::vector<deploy::Artefact> export_winner(const search::Leaderboard& board,
                                            const search::Campaign& campaign,
                                            const search::RunFolder& folder) {
  ExportRequest request;
  request.source = folder.winner(board.tier_name);
  if (!board.winner() || !std::filesystem::exists(request.source / deploy::kWeightsName)) return {};
  for (const spec::ExportFormat& format : campaign.spec.export_formats)
    if (deploy::find_target(format.name)) request.targets.push_back(format.name);
  if (request.targets.empty()) return {};
  std::vector<deploy::Artefact> artefacts = export_trained(request);
  const bool has_model_file =
      std::find(request.targets.begin(), request.targets.end(), "atto") != request.targets.end();
  if (has_model_file && has_int8(*deploy::find_target("atto"), campaign.spec.task.kind)) {
    // What int8 brings: a file beside the one that was asked for.
    request.targets = {"atto"};
    request.precision = deploy::Precision::I8;
    for (deploy::Artefact& artefact : export_trained(request))
      artefacts.push_back(std::move(artefact));
  }
  return artefacts;
}

/// Measures what can be run here of a winner's files.
std::vector<ModelShown> show_models(const std::vector<deploy::Artefact>& artefacts) {
  std::vector<ModelShown> shown;
  for (const deploy::Artefact& artefact : artefacts) {
    if (artefact.target != "atto" || !artefact.trouble.empty()) continue;
    if (is_detector_file(artefact.file)) {
      shown.push_back(show_detector(artefact.file));
      continue;
    }
    const deploy::TrainedModel model = deploy::read_trained_model(artefact.file.parent_path());
    shown.push_back(
        show_model(artefact.file,
                   deploy::read_image_set(model.folder() / deploy::kReferenceName, model.network)));
  }
  return shown;
}

/// Says whether a tier has a winner that keeps its latency with its trained weights.
bool tell_latency(const search::Leaderboard& board, const spec::Requirements& require) {
  const search::Entry* winner = board.winner();
  if (!winner) return false;
  const std::optional<double>& max = require.latency_ms.max;
  if (!max || !winner->confirmed_ms || *winner->confirmed_ms <= *max) return true;
  say(fmt::format("{}the winner {} misses latency_ms with its trained weights: {} > max {}\n",
                  board.tier_name.empty() ? "" : "tier " + board.tier_name + ": ",
                  winner->design.hash, search::latency_text(*winner->confirmed_ms),
                  search::latency_text(*max)));
  return false;
}

/// Prints every tier's leaderboard and exports its winner; returns whether each has one that meets
/// what is asked for, and could be exported.
bool show_boards(const std::filesystem::path& folder, bool is_json, search::StopSignals& signals) {
  const std::string go_on = "stopped; continue with: atto resume " + folder.string();
  const std::unique_ptr<search::Ledger> ledger = search::open_ledger(folder);
  const search::Campaign campaign = search::load_campaign(*ledger);
  const auto print = [&](const std::string& text) { print_unless_stopped(signals, text, go_on); };
  bool all_won = true;
  nlohmann::json tiers = nlohmann::json::array();
  for (int tier = 0; tier < campaign.tiers(); ++tier) {
    const search::Leaderboard board = search::make_leaderboard(*ledger, campaign, tier);
    all_won &= tell_latency(board, search::terms_of(*ledger, campaign, tier).require());
    if (!is_json) print(board_text(board, campaign, folder, kShownRows));
    throw_if_stopped(signals, go_on);
    const std::vector<deploy::Artefact> artefacts =
        export_winner(board, campaign, search::RunFolder{folder});
    all_won &= tell_misses(artefacts);
    throw_if_stopped(signals, go_on);
    const std::vector<ModelShown> models = show_models(artefacts);
    if (!is_json) {
      print(artefact_table(artefacts, "  "));
      for (const ModelShown& model : models) print("  " + latency_line(model));
      if (!models.empty() && !models.front().guesses.empty())
        print("  " + image_line(models.front()));
      continue;
    }
    tiers.push_back(board_json(board, campaign, folder));
    tiers.back()["exports"] = artefacts_json(artefacts);
    tiers.back()["models"] = nlohmann::json::array();
    for (const ModelShown& model : models) tiers.back()["models"].emplace_back(model_json(model));
  }
  const search::Totals totals = ledger->totals();
  if (is_json) {
    const nlohmann::json result = {{"folder", folder.string()},
                                   {"tiers", tiers},
                                   {"cpu_seconds", totals.cpu_seconds},
                                   {"wasted_cpu_seconds", totals.wasted_cpu_seconds},
                                   {"reused_cpu_seconds", totals.saved_cpu_seconds}};
    print(spec::json_text(result, 2) + "\n");
    return all_won;
  }
  std::string cost = fmt::format("cost: {} CPU, {} of it wasted",
                                 duration_text(totals.cpu_seconds + totals.wasted_cpu_seconds),
                                 duration_text(totals.wasted_cpu_seconds));
  if (totals.reused > 0)
    cost += fmt::format("; {} results reused that cost {} CPU elsewhere", totals.reused,
                        duration_text(totals.saved_cpu_seconds));
  print(cost + "\nrun folder: " + folder.string() + "\n");
  return all_won;
}

}  // namespace

int run_and_show(const std::filesystem::path& folder, const RunChoices& choices,
                 search::StopSignals& signals) {
  search::EngineLatencyMeter engine_meter;
  search::FakeLatencyMeter fake_meter;
  search::CoordinatorOptions options;
  options.folder = folder;
  options.warm_start = choices.warm_start;
  spec::Score score;
  {
    const std::unique_ptr<search::Ledger> ledger = search::open_ledger(folder);
    ledger->examine();  // before anything is written
    const search::Campaign campaign = search::load_campaign(*ledger);
    for (const Problem& problem :
         unwritable_formats(campaign.spec, search::RunFolder{}.spec().string()))
      say(problem.text() + "\n");  // an earlier version let it start
    score = campaign.spec.maximise.score;
    options.command = search::worker_command(campaign, folder);
    options.meter = &engine_meter;
    if (campaign.evaluator == search::EvaluatorKind::Fake) options.meter = &fake_meter;
    options.workers = choices.workers > 0 ? choices.workers : search::default_workers(campaign);
    use_slurm(*ledger, campaign, choices.workers, options);
  }
  search::CampaignEnd end;
  {
    Console console(score, choices.is_json);
    end = search::run_campaign(options, console, signals);
  }
  if (end == search::CampaignEnd::Interrupted)
    return tell(interrupted("stopped; continue with: atto resume " + folder.string()),
                choices.is_json);
  return show_boards(folder, choices.is_json, signals) ? 0 : 1;
}

void run_unless_stopped(search::StopSignals& signals, bool is_json,
                        const std::function<void()>& work) {
  const search::EarlyStop early(signals, [&] { return tell(interrupted(kNothingMade), is_json); });
  work();
}

void throw_if_stopped(search::StopSignals& signals, const std::string& message) {
  while (const int signal = signals.wait(0))
    if (signal == SIGINT || signal == SIGTERM) throw Interruption(message);
}

void print_unless_stopped(search::StopSignals& signals, const std::string& text,
                          const std::string& message) {
  if (put(stdout, text)) return;
  const int error = errno;
  throw_if_stopped(signals, message);
  throw EnvironmentError("cannot write", "standard output", error);
}

}  // namespace atto::cli
