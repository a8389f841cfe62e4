// atto resume DIR: continues a campaign, perhaps with more candidates.
#include <fmt/format.h>

#include <memory>

#include "export/runtime/level.hpp"
#include "search/campaign/ending.hpp"
#include "search/campaign/extension.hpp"
#include "search/campaign/run_folder.hpp"
#include "search/cli/campaign_run.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/path_kind.hpp"
#include "search/cli/slurm_choice.hpp"
#include "search/cli/worker_options.hpp"
#include "search/ledger/open_ledger.hpp"
#include "search/running/crew.hpp"
#include "search/running/host_class.hpp"
#include "search/slurm/stored_profile.hpp"

namespace atto::cli {
namespace {

struct ResumeOptions {
  std::string folder;
  int candidates = 0, workers = 0;
  std::string device, slurm;
  std::vector<std::string> warm_start;
  bool is_json = false, mixes_hosts = false;
};

/// Takes a device that was asked for, and expects the campaign's unless nothing is left to train.
void check_device(const search::RunFolder& folder, const std::string& asked) {
  const std::unique_ptr<search::Ledger> ledger = search::open_ledger(folder.path);
  search::Campaign campaign = search::load_campaign(*ledger);
  if (!asked.empty()) campaign.device = asked;
  try {
    if (campaign.evaluator != search::EvaluatorKind::Fake && !search::stored_profile(*ledger) &&
        !search::is_settled(*ledger, campaign))
      search::expect_device(campaign.device);
  } catch (const EnvironmentError& error) {
    throw EnvironmentError(fmt::format("{}; without it: atto resume {} --device cpu", error.what(),
                                       folder.path.string()));
  }
  if (!asked.empty()) search::change_device(*ledger, asked);
}

/// Takes another profile that was asked for, or "none".
void check_slurm(const search::RunFolder& folder, const std::string& asked, int workers) {
  if (asked.empty()) return;
  const std::unique_ptr<search::Ledger> ledger = search::open_ledger(folder.path);
  if (asked == "none") return search::forget_profile(*ledger);
  const SlurmChoice choice = read_slurm(asked, "atto resume --slurm", workers);
  const search::Campaign campaign = search::load_campaign(*ledger);
  expect_cpus(choice, campaign);
  search::store_profile(*ledger, choice.file.document, choice.file.text, choice.profile.workers);
}

int resume_command(const ResumeOptions& options) {
  search::StopSignals signals(true);
  expect_kind(options.folder, "atto resume", {PathKind::Campaign});
  for (const std::string& folder : options.warm_start)
    expect_kind(folder, "atto resume --warm-start", {PathKind::Campaign});
  edge::chosen_level();  // what is to be measured after the training shows now
  if (options.candidates > 0)
    search::extend_campaign(search::RunFolder{options.folder}, options.candidates);
  check_slurm(search::RunFolder{options.folder}, options.slurm, options.workers);
  check_device(search::RunFolder{options.folder}, options.device);
  expect_hosts(options.folder, options.workers);
  if (options.mixes_hosts) search::allow_mixed_hosts(*search::open_ledger(options.folder));
  std::vector<std::filesystem::path> warm(options.warm_start.begin(), options.warm_start.end());
  return run_and_show(options.folder, {options.workers, options.is_json, std::move(warm)}, signals);
}

}  // namespace

void add_resume(CLI::App& app, Action& action) {
  auto options = std::make_shared<ResumeOptions>();
  Command command(app, "resume", "Continue a campaign from its run folder");
  command.option("folder", options->folder, "Run folder").required();
  command.option("--candidates", options->candidates, "New, larger number of designs").positive();
  command.option("--workers", options->workers, "Worker processes").range(1, kMostSlurmWorkers);
  command.option("--slurm", options->slurm,
                 "Another profile of a cluster, or none: workers are processes here");
  add_mixed_hosts_flag(command, options->mixes_hosts);
  add_device_option(command, options->device);
  command.option("--warm-start", options->warm_start,
                 "Run folder whose matching results are reused");
  command.flag("--json", options->is_json, "Results as JSON on stdout");
  command.footer("Example:  atto resume runs/quickstart-s1 --candidates 24");
  command.runs(action, [options] { return resume_command(*options); });
}

}  // namespace atto::cli
