#pragma once
// The decisions of a prototype as the generator uses them: with restrictions (pins, bans),
// children, and grouped into scopes, the pieces that repair, mutation and crossover move as a
// whole.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "design_specs/seeds/random.hpp"
#include "generator/space/feasible_space.hpp"

namespace atto::gen {

class DecisionForest {
 public:
  /// Several restrictions of one decision intersect. Throws InternalError when one leaves nothing.
  DecisionForest(const net::Prototype& prototype, const std::vector<Restriction>& restrictions);

  std::size_t size() const { return decisions_->size(); }
  const std::vector<net::Decision>& decisions() const { return *decisions_; }
  const net::Decision& at(net::DecisionId id) const {
    return (*decisions_)[static_cast<std::size_t>(id)];
  }
  bool is_width(net::DecisionId id) const { return at(id).role == net::Decision::Role::Width; }
  /// Returns the rising indices that restrictions leave; never empty.
  std::span<const std::int32_t> allowed(net::DecisionId id) const {
    return allowed_[static_cast<std::size_t>(id)];
  }
  /// Returns whether the decision exists, given its parent's choice; parents must be settled.
  bool exists(const net::Assignment& assignment, net::DecisionId id) const {
    const net::Decision& decision = at(id);
    if (decision.parent == net::kNoDecision) return true;
    const std::int32_t choice = assignment[static_cast<std::size_t>(decision.parent)];
    return choice >= decision.parent_first && choice <= decision.parent_last;
  }

  /// One scope per module ("stages[0].modules[2]"), one per decision outside modules.
  std::size_t scopes() const { return scope_members_.size(); }
  std::int32_t scope(net::DecisionId id) const { return scope_[static_cast<std::size_t>(id)]; }
  std::span<const net::DecisionId> members(std::int32_t scope) const {
    return scope_members_[static_cast<std::size_t>(scope)];
  }

  /// Draws every decision that exists and is kInactive among its allowed alternatives, uniformly or
  /// as the preference weighs them, and sets to kInactive what does not exist.
  void fill(net::Assignment& assignment, spec::Random& random,
            const Preference* preference = nullptr) const;
  /// Returns the same forest where a decision can take one alternative only.
  DecisionForest taking(net::DecisionId id, std::int32_t alternative) const;
  /// Moves choices that restrictions forbid to the nearest allowed one.
  void restrict(net::Assignment& assignment) const;
  /// Returns whether the choices are complete: in range where they exist, kInactive elsewhere.
  bool is_complete(const net::Assignment& assignment) const;
  /// Returns whether some width has more than one allowed alternative.
  bool has_free_width() const { return has_free_width_; }
  /// Returns log10 of the number of complete assignments, by dynamic programming from the leaves.
  double log10_size() const;

 private:
  const std::vector<net::Decision>* decisions_;
  std::vector<std::vector<std::int32_t>> allowed_;
  std::vector<std::int32_t> scope_;
  std::vector<std::vector<net::DecisionId>> scope_members_;
  bool has_free_width_ = false;
};

/// Returns the module part of a decision path or a place ("stages[0].modules[2]" of
/// "stages[0].modules[2].chain#0[1].kernel"), or "" outside modules.
std::string_view module_of(std::string_view path);

}  // namespace atto::gen
