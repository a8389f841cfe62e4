#pragma once
// What is valid in a prototype but is probably not what its author meant.

#include <vector>

#include "prototypes/language/prototype.hpp"

namespace atto::net {

/// Returns the holes of "let" that no key takes.
std::vector<Problem> doubtful_ties(const Prototype& prototype);

/// Returns the operators, each once and in file order, that some choice of holes makes the widest
/// place inside of their chain by "input": a kernel or groups above 1, an "input" wider than what
/// enters the operator, and a width after it that is no smaller. There "here" was probably meant.
/// Looks at a number of choices, not at all.
std::vector<Problem> doubtful_widths(const Prototype& prototype, const TaskInput& input);

}  // namespace atto::net
