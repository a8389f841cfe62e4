#pragma once
// How long a campaign will take, learned while it runs: the estimate's cost model times what the
// finished trials really cost.

#include <optional>
#include <string>
#include <unordered_map>

#include "search/campaign/campaign.hpp"
#include "search/campaign/estimate.hpp"

namespace atto::search {

class Pace {
 public:
  Pace(const Campaign& campaign, const Estimate& whole) : campaign_(campaign), whole_(whole) {}

  /// Takes a finished job's cost.
  void add(const JobRow& row, const spec::Costs& costs);
  /// Wall seconds to the end with so many workers, of which `final_cpu_seconds`, as estimated, are
  /// behind finalists that still run; nothing before the first trial.
  std::optional<double> eta_seconds(int workers, double final_cpu_seconds = 0) const;
  double expected_jobs() const { return whole_.jobs; }

 private:
  const Campaign& campaign_;
  Estimate whole_;
  Estimate done_;                                 ///< what the finished jobs were estimated at
  double spent_ = 0;                              ///< and what they cost
  std::unordered_map<std::string, int> reached_;  ///< epochs of designs that may go on
};

}  // namespace atto::search
