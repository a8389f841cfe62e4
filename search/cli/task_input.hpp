#pragma once
// The input size and classes that a spec's task gives a prototype, where the data may not be on
// this machine.

#include "design_specs/requirements/design_spec.hpp"
#include "prototypes/language/prototype.hpp"

namespace atto::cli {

struct FoundInput {
  net::TaskInput input;
  bool is_from_data = false;       ///< else the prototype's own, at the task's resolution
  std::vector<std::string> notes;  ///< what of the data set was passed over
};

/// Describes the task's data set; one that is not here leaves the prototype's channels and classes.
/// Throws SpecError for one that cannot be split, or of whose images the spec asks for too few,
/// and for a prototype of another kind than the task.
FoundInput find_task_input(const spec::DesignSpec& spec, const net::Prototype& prototype);

}  // namespace atto::cli
