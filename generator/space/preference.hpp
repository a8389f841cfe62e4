#pragma once
// What a draw prefers. Without one, every allowed alternative is equally likely and widths have no
// tendency.

#include <cstdint>
#include <span>
#include <vector>

#include "prototypes/language/decisions.hpp"

namespace atto::gen {

class Preference {
 public:
  virtual ~Preference() = default;
  /// Sets `weights` (parallel to `allowed`) to positive numbers for a structure decision, given the
  /// choices that were taken before it.
  virtual void weigh(net::DecisionId id, const net::Assignment& before,
                     std::span<const std::int32_t> allowed, std::vector<double>& weights) const = 0;
  /// Returns what is added to the log-odds of a width's place on its grid.
  virtual double width_shift(net::DecisionId id) const = 0;
};

}  // namespace atto::gen
