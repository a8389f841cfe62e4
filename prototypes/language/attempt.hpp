#pragma once
// An attempt to realise an assignment, and the located error that a failed one becomes.

#include <optional>
#include <string>

#include "prototypes/language/prototype.hpp"

namespace atto::net {

struct Attempt {
  Realised realised;
  std::int32_t place = 0;  ///< of the node that breaks a rule
  std::string rule;        ///< "" where none is broken
};

Attempt attempt(const Prototype& prototype, const Assignment& assignment, const TaskInput& input);

/// Returns the problem of a failed attempt at its operator in the file.
SpecError broken_rule(const Prototype& prototype, const Attempt& attempt);

}  // namespace atto::net
