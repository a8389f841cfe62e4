#pragma once
// What a campaign's workers are to Slurm: a job script, the words that submit it, and the names
// that both sides know a worker by.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "search/running/crew.hpp"
#include "search/slurm/profile.hpp"

namespace atto::search {

struct SlurmJob {
  SlurmProfile profile;
  std::string name;              ///< of its jobs: one campaign's alone
  std::filesystem::path folder;  ///< the run folder, absolute
  WorkerCommand command;
};

/// Returns "atto-NAME-ID", of letters, digits, "-" and "_".
std::string job_name(std::string_view campaign, std::string_view id);

/// The script of every worker.
std::string job_script(const SlurmJob& job);
/// Where it is kept.
std::filesystem::path script_file(const SlurmJob& job);
/// The words that hand `count` workers to Slurm. Throws EnvironmentError where the run folder's
/// name cannot be said to it.
std::vector<std::string> submit_words(const SlurmJob& job, int count);

/// A worker's name in the ledger.
std::string worker_name(std::string_view array, std::string_view task, std::string_view restarts);
/// Where a worker's last words are.
std::filesystem::path worker_log(const SlurmJob& job, std::string_view array,
                                 std::string_view task);

/// Returns a word as a shell reads it, in single quotes.
std::string shell_word(std::string_view text);

}  // namespace atto::search
