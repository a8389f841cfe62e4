#include "generator/space/nearest_miss.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "generator/space/space_parts.hpp"

namespace atto::gen {
namespace {

constexpr int kDrawnStarts = 64, kWalks = 3, kSteps = 1000;
constexpr std::int32_t kNearWalk = 3;  ///< half of the changed widths move so far at most

class Walk {
 public:
  Walk(const FeasibleSpace& space, spec::Random& random)
      : model_(space.parts().model), forest_(space.parts().forest), random_(random) {}

  NearestMiss run(const std::vector<net::Assignment>& starts) {
    for (const net::Assignment& start : starts) take(start);
    for (int i = 0; i < kDrawnStarts && !is_there(); ++i) {
      net::Assignment drawn(forest_.size(), net::kInactive);
      forest_.fill(drawn, random_);
      take(drawn);
    }
    std::stable_sort(known_.begin(), known_.end(), [](const auto& a, const auto& b) {
      return a.misses.distance < b.misses.distance;
    });
    known_.resize(std::min<std::size_t>(known_.size(), kWalks));
    for (NearestMiss& start : known_) {
      for (int step = 0; step < kSteps && !is_there(); ++step) this->step(start);
      if (start.misses.distance < nearest_.misses.distance) nearest_ = start;
    }
    nearest_.tried = tried_;
    return nearest_;
  }

 private:
  bool is_there() const { return nearest_.misses.distance == 0; }

  /// Returns what a design misses; infinity where its choices do not fit together.
  Shortfall judged(const net::Assignment& assignment) {
    ++tried_;
    spec::Costs required;
    model_.build(assignment, built_);
    if (!model_.count_required(assignment, built_, required))
      return {std::numeric_limits<double>::infinity(), ""};
    const Limits& limits = model_.limits();
    if (limits.met(required)) return {};
    return shortfall(limits.require(), limits.band(), required);
  }

  void take(const net::Assignment& start) {
    NearestMiss known{start, judged(start), 0};
    if (!std::isfinite(known.misses.distance)) return;
    if (nearest_.assignment.empty() || known.misses.distance < nearest_.misses.distance)
      nearest_ = known;
    known_.push_back(std::move(known));
  }

  void step(NearestMiss& at) {
    NearestMiss next{at.assignment, {}, 0};
    change(next.assignment);
    next.misses = judged(next.assignment);
    if (next.misses.distance <= at.misses.distance) at = std::move(next);
    if (at.misses.distance == 0) nearest_ = at;
  }

  void change(net::Assignment& assignment) {
    free_.clear();
    for (std::size_t d = 0; d < assignment.size(); ++d)
      if (const auto id = static_cast<net::DecisionId>(d);
          assignment[d] != net::kInactive && forest_.allowed(id).size() > 1)
        free_.push_back(id);
    if (free_.empty()) return;
    const net::DecisionId id = free_[random_.below(free_.size())];
    const auto allowed = forest_.allowed(id);
    std::int32_t& choice = assignment[static_cast<std::size_t>(id)];
    if (forest_.is_width(id) && random_.below(2) == 0) {
      const auto last = static_cast<std::int32_t>(allowed.size()) - 1;
      const auto at = static_cast<std::int32_t>(
          std::lower_bound(allowed.begin(), allowed.end(), choice) - allowed.begin());
      const auto by = static_cast<std::int32_t>(random_.below(2 * kNearWalk + 1)) - kNearWalk;
      choice = allowed[static_cast<std::size_t>(std::clamp(at + by, 0, last))];
    } else {
      choice = allowed[random_.below(allowed.size())];
    }
    forest_.fill(assignment, random_);
  }

  const CostModel& model_;
  const DecisionForest& forest_;
  spec::Random& random_;
  BuiltStructure built_;
  std::vector<NearestMiss> known_;
  std::vector<net::DecisionId> free_;
  NearestMiss nearest_{{}, {std::numeric_limits<double>::infinity(), ""}, 0};
  int tried_ = 0;
};

/// "0.31", "48", "1200": two digits at least, never an exponent.
std::string percent_text(double share) {
  return share < 1 ? fmt::format("{:.2g}", 100 * share) : fmt::format("{:.0f}", 100 * share);
}

}  // namespace

Shortfall shortfall(const spec::Requirements& require, const spec::Band& band,
                    const spec::Costs& required) {
  struct Row {
    const char* key;
    const spec::Bound& bound;
    double cost;
    double share;
    bool is_counted = true;  ///< else a band is no share of it
  };
  const Row rows[] = {
      {"params", require.params, double(required.params), band.params},
      {"macs", require.macs, double(required.macs), band.macs},
      {"peak_activation_kib", require.peak_activation_kib,
       double(required.peak_activation_bytes) / 1024, band.peak_activation_kib},
      {"model_kib", require.model_kib, double(required.model_bytes) / 1024, band.model_kib},
      {"flash_kib", require.flash_kib, double(required.least_flash_bytes) / 1024, 0, false},
      {"ram_kib", require.ram_kib, double(required.least_ram_bytes) / 1024, 0, false},
  };
  Shortfall worst;
  const auto note = [&](double cost, double limit, const std::string& path) {
    const double distance = std::abs(std::log(std::max(cost, 1e-9) / limit));
    if (distance > worst.distance)
      worst = {distance,
               fmt::format("{} by {} %", path, percent_text(std::abs(cost - limit) / limit))};
  };
  double use = 0;
  bool has_ceiling = false;
  for (const Row& row : rows) {
    if (row.bound.max && row.cost > *row.bound.max)
      note(row.cost, *row.bound.max, fmt::format("/require/{}/max", row.key));
    if (row.bound.min && row.cost < *row.bound.min)
      note(row.cost, *row.bound.min, fmt::format("/require/{}/min", row.key));
    if (!row.bound.max || !row.is_counted) continue;
    has_ceiling = true;
    if (row.cost < row.share * *row.bound.max)
      note(row.cost, row.share * *row.bound.max, fmt::format("/search/band/{}", row.key));
    use = std::max(use, row.cost / *row.bound.max);
  }
  if (has_ceiling && use < band.any) note(use, band.any, "/search/band");
  return worst;
}

NearestMiss walk_to_limits(const FeasibleSpace& space, const std::vector<net::Assignment>& starts,
                           spec::Random& random) {
  return Walk(space, random).run(starts);
}

}  // namespace atto::gen
