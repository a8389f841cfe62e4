#pragma once
// What a campaign's ledger keeps of the Slurm that its workers come from, so that it can be resumed
// and its state told without asking Slurm.

#include <cstdint>
#include <optional>
#include <string>

#include "search/ledger/ledger.hpp"
#include "search/slurm/profile.hpp"
#include "search/slurm/queue.hpp"

namespace atto::search {

struct StoredProfile {
  std::string id;  ///< of this campaign's jobs among all others
  SlurmProfile profile;
};

/// Keeps a profile, with its number of workers as it is now; the id stays what it was.
void store_profile(Ledger& ledger, const spec::Document& document, const std::string& text,
                   int workers);
/// Workers are this machine's processes again.
void forget_profile(Ledger& ledger);
/// Returns what is kept; nothing where the campaign has no profile. Throws EnvironmentError: the
/// ledger is damaged.
std::optional<StoredProfile> stored_profile(Ledger& ledger);

/// What Slurm last said of the campaign's jobs.
struct StoredCounts {
  std::string name;  ///< of the jobs
  QueueCounts counts;
  std::int64_t at = 0;  ///< as now_ms()
};
void store_counts(Ledger& ledger, const std::string& name, const QueueCounts& counts);
std::optional<StoredCounts> stored_counts(Ledger& ledger);

/// Throws EnvironmentError where the profile's partition has nodes on other machines than this one:
/// their workers could not share a ledger that is a file of this machine.
void expect_one_host(const SlurmProfile& profile);

}  // namespace atto::search
