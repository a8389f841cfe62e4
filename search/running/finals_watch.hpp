#pragma once
// How far the finalists are that are being trained, which takes long: their newest epochs.

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "search/campaign/campaign.hpp"

namespace atto::search {

/// A finalist's epoch, for people.
struct EpochNote {
  Job job;
  int seeds = 1;  ///< trainings of each finalist
  train::EpochRecord epoch;
  std::optional<double> eta_seconds;  ///< of the whole campaign
};

class FinalsWatch {
 public:
  FinalsWatch(Ledger& ledger, const Campaign& campaign) : ledger_(ledger), campaign_(campaign) {}

  /// Reads the ledger, once a second; returns the newest epoch of every running finalist that has a
  /// new one.
  std::vector<EpochNote> new_epochs();
  /// Of the running finalist that is least far: its newest epoch, 0 before the first.
  std::optional<int> slowest_epoch() const { return slowest_; }
  /// What the epochs of running finalists were estimated at.
  double cpu_seconds() const { return cpu_seconds_; }

 private:
  Ledger& ledger_;
  const Campaign& campaign_;
  std::map<std::int64_t, int> known_;  ///< by job: its newest epoch
  std::chrono::steady_clock::time_point next_{};
  std::optional<int> slowest_;
  double cpu_seconds_ = 0;
};

}  // namespace atto::search
