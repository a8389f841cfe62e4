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
  bool is_counted = true;  ///< the cost itself; else what it is at least: no share of a band
  double share(const spec::Costs& costs) const {
    return static_cast<double>(costs.*cost) * scale / value;
  }
};

/// Each cost is counted at a resolution of its own; `required` costs hold each at its own.
class Limits {
 public:
  Limits(const spec::Requirements& require, const spec::Band& band, const net::TaskInput& input);

  /// The resolutions that are counted; the trained one stands first.
  struct Slot {
    net::Shape input;
    std::vector<std::int64_t spec::Costs::*> costs;  ///< the requirements counted here
  };
  const std::vector<Slot>& slots() const { return slots_; }

  bool has_ceiling() const { return !ceilings_.empty(); }
  /// Returns whether there is a ceiling that a band could be a share of.
  bool has_counted_ceiling() const;
  /// Returns the largest share of a ceiling that is used; 0 without ceilings.
  double use(const spec::Costs& required) const;
  /// The same of the ceilings that a band is a share of.
  double band_use(const spec::Costs& required) const;
  /// Returns how far the worst floor is met, the shares of ceilings that the band names among
  /// them: >= 1 when all are.
  double floor_share(const spec::Costs& required) const;
  /// Returns the least share of the tightest ceiling that a design can use: the band's, or that of
  /// a floor under a ceiling.
  double least_use() const { return least_use_; }
  /// Returns where widths must grow, at the cost of those at the other end, for the worst floor to
  /// be met under the tightest ceiling: 1 late in the network, where parameters are, -1 early,
  /// where multiply-adds and activations are, 0 where that would not help.
  int bend(const spec::Costs& required) const;
  /// The band in force: the spec's, off without ceilings.
  const spec::Band& band() const { return band_; }
  bool met(const spec::Costs& required) const {
    return use(required) <= 1 && (band_.any <= 0 || band_use(required) >= band_.any) &&
           floor_share(required) >= 1;
  }
  const spec::Requirements& require() const { return require_; }

 private:
  void add(const spec::Bound& bound, double share, std::int64_t spec::Costs::*cost, double scale,
           const net::TaskInput& input);
  void add_least(const spec::Bound& bound, std::int64_t spec::Costs::*cost);

  spec::Requirements require_;
  spec::Band band_;
  double least_use_ = 0;
  std::vector<Limit> ceilings_, floors_;
  std::vector<Slot> slots_;
};

}  // namespace atto::gen
