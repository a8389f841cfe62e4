#include "search/cli/slurm_choice.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "design_specs/files.hpp"
#include "search/cli/path_kind.hpp"
#include "search/ledger/open_ledger.hpp"
#include "search/slurm/slurm_workforce.hpp"
#include "search/slurm/stored_profile.hpp"

namespace atto::cli {
namespace {

/// ATTO_SLURM_SECONDS shortens all intervals at which Slurm is asked, for tests.
search::SlurmPace slurm_pace() {
  search::SlurmPace pace;
  if (const char* seconds = std::getenv("ATTO_SLURM_SECONDS")) {
    pace.look = std::chrono::milliseconds(
        static_cast<std::int64_t>(1000 * std::max(0.05, std::strtod(seconds, nullptr))));
    pace.submit = pace.look / 3;
    pace.longest_pause = 20 * pace.look;
  }
  return pace;
}

/// The folder as every node names it.
std::filesystem::path whole_path(const std::filesystem::path& folder) {
  std::error_code ignored;
  const std::filesystem::path whole = std::filesystem::absolute(folder);
  const std::filesystem::path plain = std::filesystem::weakly_canonical(whole, ignored);
  return plain.empty() ? whole : plain;
}

}  // namespace

void add_slurm_option(Command& command, std::string& file) {
  command.option("--slurm", file,
                 "Profile of a cluster (JSON): Slurm starts the workers; "
                 "docs/cluster.md");
}

SlurmChoice read_slurm(const std::string& file, const std::string& command, int workers) {
  SlurmChoice choice;
  choice.file = read_expected(file, command, {PathKind::ClusterProfile});
  choice.profile = search::read_profile(choice.file.document);
  if (workers > 0) choice.profile.workers = workers;
  return choice;
}

void expect_cpus(const SlurmChoice& choice, const search::Campaign& campaign) {
  const spec::TrainingSettings& training = campaign.spec.training;
  const int threads = std::max(training.recipe.threads, training.final_threads);
  if (choice.profile.cpus < threads)
    throw SpecError({{choice.file.document.name, "/cpus",
                      fmt::format("must be >= {}, the threads of a training", threads),
                      std::to_string(choice.profile.cpus)}});
}

search::SlurmJob slurm_job(const search::Campaign& campaign, const std::filesystem::path& folder,
                           const search::SlurmProfile& profile, const std::string& id) {
  const std::filesystem::path whole = whole_path(folder);
  return {profile, search::job_name(campaign.spec.name, id), whole,
          search::worker_command(campaign, whole)};
}

std::string script_text(const search::SlurmJob& job) {
  std::string text = "submitted as:";
  for (const std::string& word : search::submit_words(job, job.profile.workers)) text += " " + word;
  return text + "\n" + search::job_script(job);
}

void expect_local_workers(int workers) {
  if (workers > kMostLocalWorkers)
    throw SpecError(
        {{"", "--workers", fmt::format("must be <= {} without --slurm", kMostLocalWorkers),
          std::to_string(workers)}});
}

void add_mixed_hosts_flag(Command& command, bool& mixes_hosts) {
  command.flag("--mixed-hosts", mixes_hosts,
               "Workers may run on unequal CPUs; results then repeat within one kind alone");
}

void expect_hosts(const std::filesystem::path& folder, int workers) {
  const std::unique_ptr<search::Ledger> ledger = search::open_ledger(folder);
  const std::optional<search::StoredProfile> stored = search::stored_profile(*ledger);
  if (!stored) return expect_local_workers(workers);
  if (search::ledger_in(folder) == "ledger.db") search::expect_one_host(stored->profile);
}

void use_slurm(search::Ledger& ledger, const search::Campaign& campaign, int workers,
               search::CoordinatorOptions& options) {
  std::optional<search::StoredProfile> stored = search::stored_profile(ledger);
  if (!stored) return;
  if (workers > 0) stored->profile.workers = workers;
  const search::SlurmJob job = slurm_job(campaign, options.folder, stored->profile, stored->id);
  search::submit_words(job, 1);  // a folder that Slurm cannot name shows now
  options.workers = stored->profile.workers;
  options.make_workforce = [job](search::Ledger& own) -> std::unique_ptr<search::Workforce> {
    spec::write_file_atomically(search::script_file(job), search::job_script(job));
    return std::make_unique<search::SlurmWorkforce>(
        job, slurm_pace(),
        [&own, job](const search::QueueCounts& counts) { store_counts(own, job.name, counts); });
  };
}

}  // namespace atto::cli
