#pragma once
// From a model and its decided structure to the graph of nodes. No strings, no allocation once
// `out` has grown: the generator calls this many thousand times a second.

#include "prototypes/language/ast.hpp"
#include "prototypes/language/prototype.hpp"

namespace atto::net {

/// Builds the graph into `out`. Structure decisions that exist must be taken.
void build_structure(const Model& model, const Assignment& assignment, const TaskInput& input,
                     Structure& out);

}  // namespace atto::net
