#pragma once
// The one way that results become ranks: value of `maximise`, indicator, standing.

#include <string>
#include <vector>

#include "search/campaign/campaign.hpp"
#include "search/campaign/terms.hpp"
#include "search/strategies/rungs.hpp"
#include "search/strategies/strategy.hpp"

namespace atto::search {

struct Judgement {
  spec::Metrics metrics;
  double value = 0;  ///< of `maximise`; -infinity where diverged, failed or untrained
  std::vector<std::string> misses;  ///< requirements missed, as text; empty means 1_r = 1
  bool meets() const { return misses.empty(); }
};

/// What is measured of a design: before training, and by it.
struct Measured {
  spec::Figures figures;
  spec::ScoreValues validation;
  bool is_lost = false;  ///< diverged or failed
};
Judgement judge(const Terms& terms, const DesignRow& design, const Measured& measured);

/// Judges a finished job, as strategies see it; without responses and scores.
Observation observe(const Terms& terms, const JobRow& row, const DesignRow& design);

}  // namespace atto::search
