#pragma once
// The alternatives among which a hole chooses.

#include <cstdint>
#include <string>
#include <vector>

#include "design_specs/reading/problems.hpp"
#include "prototypes/language/decisions.hpp"

namespace atto::net {

using spec::Cursor;

/// The alternatives of one hole: scalars in rising order, others as written. Read once a hole and
/// shared by all modules that a template makes.
struct Options {
  std::vector<Cursor> items;
  std::vector<spec::Value> grid;  ///< owns the items of a range
  std::vector<int> whole;         ///< the items, where all are whole numbers
  std::vector<std::string> labels;
};

/// Returns whether the value is written as a hole.
bool is_hole(const spec::Value& value);
/// Returns whether the value is two whole numbers: a window's sides, which labels write as "3x1".
bool is_pair(const spec::Value& value);
/// Returns the alternatives of a well-formed `choose` in index order (scalars sorted), for those
/// that write holes out again.
std::vector<const spec::Value*> ordered_alternatives(const spec::Value& choose);

/// A value to be read: one or several alternatives, and the decision among them (none: the first).
struct Alternatives {
  const Options* options = nullptr;  ///< of a hole or of a tie's hole
  Cursor literal;                    ///< else
  DecisionId decision = kNoDecision;
  std::int32_t pinned = -1;  ///< index that a `with` chose

  bool is_single() const { return decision == kNoDecision; }
  /// The cursor that stands for a single one.
  const Cursor& only() const {
    return options == nullptr ? literal : options->items[static_cast<std::size_t>(pinned)];
  }
};

}  // namespace atto::net
