#pragma once
// Do scores that need no training order designs of the feasible band better than their sizes do?

#include <string>
#include <vector>

#include "search/tables/rank_statistics.hpp"
#include "search/tables/table_file.hpp"

namespace atto::search {

/// One predictor of the validation score at the top rung. Intervals are 95 % bootstraps.
struct Calibrated {
  std::string name;  ///< "params", "macs", a name of net::kScoreNames, "loss_sum", "first_rung"
  bool is_score = false;  ///< of net::kScoreNames: it can be switched off
  double tau = 0;         ///< Kendall's
  Confidence tau_spread;
  double partial = 0;  ///< Kendall's, given params and macs; 0 for those two
  Confidence partial_spread;
  /// Whether it says more than the sizes: the interval of `partial` leaves out 0.
  bool has_signal() const { return partial_spread.low > 0 || partial_spread.high < 0; }
};

struct Calibration {
  std::size_t designs = 0;
  std::vector<Calibrated> predictors;
  /// The scores that say nothing more than params and MACs.
  std::vector<std::string> switched_off() const;
};

/// Calibrates on the first run of every design. Diverged runs gain nothing.
Calibration calibrate(const StoredTable& stored);

std::string calibration_text(const Calibration& calibration);  ///< for people
std::string calibration_json(const Calibration& calibration);

}  // namespace atto::search
