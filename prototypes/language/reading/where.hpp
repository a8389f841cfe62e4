#pragma once
// Where a walk over a document stands in the expanded network.

#include <cstdint>
#include <string>
#include <string_view>

#include "prototypes/language/decisions.hpp"

namespace atto::net {

/// Where a walk stands in the expanded network: the decision path (with the alternatives it lives
/// in), the place (without), and the choice under which it exists.
struct Where {
  std::string path, place;
  DecisionId parent = kNoDecision;
  std::int32_t first = 0, last = 0;

  Where key(std::string_view name) const;
  Where index(std::size_t i) const;
  /// The same place inside one alternative of a decision; of a pinned one when `id` is kNoDecision.
  Where alternative(std::size_t k, DecisionId id) const;
  /// Exists only where the decision's index is at least `from`.
  Where when_at_least(std::int32_t from, const Decision& decision, DecisionId id) const;
};

}  // namespace atto::net
