#pragma once
// The decisions of a prototype: one for every hole, at a stable path, known before any is taken. A
// decision exists only under some choices of an earlier one (its alternative, its module count),
// which makes the list a forest; parents stand before their children.

#include <cstdint>
#include <string>
#include <vector>

#include "design_specs/reading/json.hpp"
#include "design_specs/seeds/random.hpp"

namespace atto::net {

using DecisionId = std::int32_t;
inline constexpr DecisionId kNoDecision = -1;
inline constexpr std::int32_t kInactive = -1;

struct Decision {
  /// "stages[0].modules[2].chain#0[1].kernel": the alternatives it lives in are in its name.
  std::string path;
  /// Width: a whole number used for widths only, free to move on its grid. Structure: all others.
  enum class Role : std::uint8_t { Structure, Width } role = Role::Structure;
  int alternatives = 0;     ///< size of the domain, >= 1
  std::vector<int> values;  ///< rising whole numbers; empty where alternatives are not such
  std::vector<std::string>
      labels;  ///< each alternative as people read it: "5", "identity", "#1 grouped"
  /// It exists where the parent's chosen index lies in [parent_first, parent_last] and the parent
  /// exists.
  DecisionId parent = kNoDecision;
  std::int32_t parent_first = 0, parent_last = 0;
  spec::Location location;  ///< of the hole in the prototype's file
  std::string pointer;      ///< JSON pointer of the hole
};

/// The chosen index per decision; kInactive where the decision does not exist under the other
/// choices, or is not taken yet.
using Assignment = std::vector<std::int32_t>;

/// Returns whether the decision exists under the choices of its ancestors.
bool is_active(const std::vector<Decision>& decisions, const Assignment& assignment, DecisionId id);

/// Sets to kInactive what does not exist, and to index 0 what exists but has no choice.
void complete(const std::vector<Decision>& decisions, Assignment& assignment);

/// Draws what exists but has no choice, uniformly, and sets to kInactive what does not exist.
void draw(const std::vector<Decision>& decisions, Assignment& assignment, spec::Random& random);

/// Who took a decision.
enum class By : std::uint8_t { Machine, Human };

/// Returns whether `pattern` addresses `path`: equal text, where "[*]" in the pattern stands for
/// any index.
bool path_matches(std::string_view pattern, std::string_view path);

}  // namespace atto::net
