#pragma once
// The border to optimisers outside of this program: what they need to search a table, and the
// campaigns that they hand back.

#include <string>
#include <vector>

#include "design_specs/reading/json.hpp"
#include "search/tables/comparison.hpp"

namespace atto::search {

/// Returns a table as a problem, in JSON: its places (name, options, the place and the choices of
/// it that one depends on); every way to take them whose choices fit together, with the table's
/// design
/// (-1: none, it is not allowed) and how far each limit is missed (above 0: missed, as a share of
/// the limit); each design's worth (more is better, null: it diverged) and CPU-seconds at the top
/// rung by training seed, and its MACs; what the largest budget is; the mean cost of a training;
/// each repetition's visible training seed and strategy's seed. Throws SpecError where the space is
/// too large to be tried one by one.
std::string problem_text(const Table& table, const spec::DesignSpec& spec,
                         const ComparisonSetting& setting);

/// Reads what an optimiser hands back: `{"contenders": [{"label", "is_baseline", "settings",
/// "campaigns": [[[cpu_seconds, design], ...], ...]}, ...]}`. Throws SpecError where it does not
/// fit the table, has no campaign or more than repetitions.
std::vector<OutsideContender> read_outside(const std::string& file, const Table& table,
                                           const ComparisonSetting& setting);

}  // namespace atto::search
