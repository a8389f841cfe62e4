// atto resume DIR: continues a campaign, perhaps with more candidates.
#include <CLI/CLI.hpp>
#include <memory>

#include "search/cli/campaign_run.hpp"
#include "search/cli/commands.hpp"
#include "search/extension.hpp"
#include "search/run_folder.hpp"

namespace atto::cli {
namespace {

struct Options {
  std::string folder;
  int candidates = 0, workers = 0;
  std::vector<std::string> warm_start;
  bool is_json = false;
};

int resume_command(const Options& options) {
  search::StopSignals signals(true);
  if (options.candidates > 0)
    search::extend_campaign(search::RunFolder{options.folder}, options.candidates);
  std::vector<std::filesystem::path> warm(options.warm_start.begin(), options.warm_start.end());
  return run_and_show(options.folder, {options.workers, options.is_json, std::move(warm)}, signals);
}

}  // namespace

void add_resume(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("resume", "Continue a campaign from its run folder");
  command->add_option("folder", options->folder, "Run folder")->required();
  command->add_option("--candidates", options->candidates, "New, larger number of designs")
      ->check(CLI::PositiveNumber);
  command->add_option("--workers", options->workers, "Worker processes")
      ->check(CLI::Range(1, 1024));
  command->add_option("--warm-start", options->warm_start,
                      "Run folder whose matching results are reused");
  command->add_flag("--json", options->is_json, "Results as JSON on stdout");
  command->footer("Example:  atto resume runs/quickstart-s1 --candidates 24");
  command->callback(
      [options, &action] { action = [options] { return resume_command(*options); }; });
}

}  // namespace atto::cli
