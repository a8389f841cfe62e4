#pragma once
// --slurm: where a campaign's workers come from, for the commands that run one.

#include <filesystem>
#include <optional>
#include <string>

#include "design_specs/reading/json_file.hpp"
#include "search/campaign/campaign.hpp"
#include "search/cli/command_line.hpp"
#include "search/running/coordinator.hpp"
#include "search/slurm/job_script.hpp"

namespace atto::cli {

/// A profile that a person named, checked.
struct SlurmChoice {
  spec::JsonFile file;
  search::SlurmProfile profile;
};

void add_slurm_option(Command& command, std::string& file);

/// Reads a profile. `workers` stands above its number where it is not 0. Throws SpecError.
SlurmChoice read_slurm(const std::string& file, const std::string& command, int workers);
/// Throws SpecError where a worker has fewer CPUs than threads.
void expect_cpus(const SlurmChoice& choice, const search::Campaign& campaign);

/// What Slurm is to run for the campaign of a folder.
search::SlurmJob slurm_job(const search::Campaign& campaign, const std::filesystem::path& folder,
                           const search::SlurmProfile& profile, const std::string& id);
/// The script and how it is submitted, for people.
std::string script_text(const search::SlurmJob& job);

/// Of a cluster, and of one machine.
inline constexpr int kMostSlurmWorkers = 10000, kMostLocalWorkers = 1024;
/// Throws SpecError: more processes of this machine than there may be.
void expect_local_workers(int workers);
void add_mixed_hosts_flag(Command& command, bool& mixes_hosts);

/// Throws EnvironmentError where Slurm does not answer, or would start workers that the ledger of
/// a folder cannot serve; SpecError as expect_local_workers() where there is no Slurm.
void expect_hosts(const std::filesystem::path& folder, int workers);
/// Where the ledger keeps a profile, lets Slurm start the workers, as many as it says or `workers`.
void use_slurm(search::Ledger& ledger, const search::Campaign& campaign, int workers,
               search::CoordinatorOptions& options);

}  // namespace atto::cli
