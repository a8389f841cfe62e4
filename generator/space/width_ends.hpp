#pragma once
// The costs of one structure at its smallest and its largest widths, and bounds over all widths in
// between: costs rise with widths but for joins that depend on whether widths match, which the
// bounds leave out or count in full.

#include "generator/space/cost_model.hpp"
#include "generator/space/width_domains.hpp"

namespace atto::gen {

/// All costs, for loops over them.
inline constexpr std::int64_t spec::Costs::*kAllCosts[] = {&spec::Costs::params,
                                                           &spec::Costs::macs,
                                                           &spec::Costs::peak_activation_bytes,
                                                           &spec::Costs::model_bytes,
                                                           &spec::Costs::least_flash_bytes,
                                                           &spec::Costs::least_ram_bytes};
inline constexpr int kCosts = 6;
inline constexpr int kPeak = 2, kLeastFlash = 4, kLeastRam = 5;
/// Whether a cost is the largest of its parts; the others are their sums.
inline constexpr bool is_largest_of_parts(int cost) {
  return cost == kPeak || cost == kLeastRam;
}

/// One end of a structure.
struct StructureEnd {
  spec::Costs costs;  ///< of the network at this end
  spec::Costs bound;  ///< no widths of this structure give less (more)
  bool is_bound[kCosts] = {true, true, true, true, true, true};  ///< whether `bound` holds for it
  /// What flows between the parts of the network: the shapes of all nodes outside modules, and of
  /// each module's output ({} where the module does not exist).
  std::vector<net::Shape> outside, modules;
  /// What is largest of parts, of each module (by running number, 0 where none) and of what lies
  /// outside of modules.
  struct Parts {
    std::vector<std::int64_t> modules;
    std::int64_t outside = 0;
    std::int64_t of(std::int32_t module) const {
      return module < 0 ? outside : modules[static_cast<std::size_t>(module)];
    }
  };
  Parts peak, least_ram;
  bool is_local = true;  ///< no tensor lives on beyond the next module
};

class StructureEnds {
 public:
  explicit StructureEnds(const DecisionForest& forest) : forest_(&forest) {}

  /// Builds and measures both ends at an input; false when the structure breaks a rule there.
  bool measure(const net::Prototype& prototype, const net::TaskInput& input,
               net::Assignment& assignment);
  const StructureEnd& smallest() const { return ends_[0]; }
  const StructureEnd& largest() const { return ends_[1]; }
  /// Returns whether the last measure() failed whatever the widths are.
  bool breaks_for_all_widths() const { return breaks_for_all_widths_; }
  /// Returns the assignment at an end.
  const net::Assignment& assignment(bool largest) const { return assignments_[largest]; }

 private:
  bool measure_end(const net::Prototype& prototype, net::Assignment& assignment, bool largest);
  bool is_loose(std::size_t node) const;
  void bound_below(StructureEnd& end);
  void bound_above(StructureEnd& end);
  std::int64_t most_runs(std::size_t node) const;
  void note_flows(StructureEnd& end);
  void note_parts(std::span<const std::int64_t> by_layer, StructureEnd::Parts& parts) const;

  const DecisionForest* forest_;
  WidthDomains domains_;
  BuiltStructure built_;
  net::Structure relaxed_;
  StructureEnd ends_[2];
  net::Assignment assignments_[2];
  bool breaks_for_all_widths_ = false;
};

}  // namespace atto::gen
