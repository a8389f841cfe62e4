#pragma once
// The cost requirements of a spec in the form that the generator's inner loop asks: how much of the
// tightest ceiling is used, and are all floors met.

#include <vector>

#include "design_specs/requirements/design_spec.hpp"
#include "prototypes/language/prototype.hpp"

namespace atto::gen {

/// One limit on one cost; `scale` turns the count into the limit's unit (KiB: 1/1024).
struct Limit {
  std::int64_t spec::Costs::*cost = nullptr;
  double scale = 1;
  double value = 0;
  double share(const spec::Costs& costs) const {
    return static_cast<double>(costs.*cost) * scale / value;
  }
};

/// Each cost is counted at a resolution of its own; `required` costs hold each at its own.
class Limits {
 public:
  Limits(const spec::Requirements& require, double band, const net::TaskInput& input);

  /// The resolutions that are counted; the trained one stands first.
  struct Slot {
    net::Shape input;
    std::vector<std::int64_t spec::Costs::*> costs;  ///< the requirements counted here
  };
  const std::vector<Slot>& slots() const { return slots_; }

  bool has_ceiling() const { return !ceilings_.empty(); }
  /// Returns the largest share of a ceiling that is used; 0 without ceilings.
  double use(const spec::Costs& required) const;
  /// Returns how far the worst floor is met: >= 1 when all are.
  double floor_share(const spec::Costs& required) const;
  /// The share of some ceiling that must be used: the spec's, 0 without ceilings.
  double band() const { return band_; }
  bool met(const spec::Costs& required) const {
    const double used = use(required);
    return used <= 1 && used >= band_ && floor_share(required) >= 1;
  }
  const spec::Requirements& require() const { return require_; }

 private:
  void add(const spec::Bound& bound, std::int64_t spec::Costs::*cost, double scale,
           const net::TaskInput& input);

  spec::Requirements require_;
  double band_;
  std::vector<Limit> ceilings_, floors_;
  std::vector<Slot> slots_;
};

}  // namespace atto::gen
