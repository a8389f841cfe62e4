#pragma once
// A network's design file, of its tree: stem, stages, head, and the decisions that may be reopened.

#include <string>

#include "export/import/structure_tree.hpp"

namespace atto::deploy::import {

/// Returns the JSON of a design that is this network. Windows and inner widths of its stages are
/// recorded as decisions, so that they can be freed. Throws SpecError, in `file`, naming the layer
/// that the language has no operator for.
std::string design_json(const net::Network& network, const Chain& chain, const std::string& file);

}  // namespace atto::deploy::import
