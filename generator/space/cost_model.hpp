#pragma once
// Costs of assignments as the requirements count them. The structure is built once; widths then
// move over it.

#include <vector>

#include "design_specs/requirements/metrics.hpp"
#include "generator/space/fast_costs.hpp"
#include "generator/space/limits.hpp"
#include "prototypes/language/prototype.hpp"

namespace atto::gen {

/// Reused storage of one structure under work.
struct BuiltStructure {
  net::Structure structure;
  std::vector<net::Shape> shapes;
  CostTally tally;
  net::WalkStorage walk;
  std::int32_t broken_node = -1;  ///< where the last count found a broken rule
};

class CostModel {
 public:
  CostModel(const net::Prototype& prototype, const net::TaskInput& input, Limits limits)
      : prototype_(&prototype), input_(input), limits_(std::move(limits)) {}

  const net::Prototype& prototype() const { return *prototype_; }
  const net::TaskInput& input() const { return input_; }
  const Limits& limits() const { return limits_; }
  Limits& limits() { return limits_; }

  /// Builds the structure; its structure decisions must be taken.
  void build(const net::Assignment& assignment, BuiltStructure& built) const {
    prototype_->instantiate(assignment, input_, built.structure);
  }
  /// Counts every requirement at its own resolution; false when the choices break a rule, or the
  /// first output of a network with a head is not one score a class.
  bool count_required(const net::Assignment& assignment, BuiltStructure& built,
                      spec::Costs& required) const;
  /// Counts at the trained resolution, and leaves its shapes in `built`; false when the choices
  /// break a rule.
  bool count_trained(const net::Assignment& assignment, BuiltStructure& built,
                     spec::Costs& costs) const;

 private:
  bool count_at(const net::Shape& input, const net::Assignment& assignment, BuiltStructure& built,
                spec::Costs& costs) const;

  const net::Prototype* prototype_;
  net::TaskInput input_;
  Limits limits_;
};

}  // namespace atto::gen
