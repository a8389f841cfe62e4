#pragma once
// The node that an operator of a chain is, once its decisions are taken.

#include "prototypes/language/chain_ast.hpp"

namespace atto::net {

/// Fills all but place, stride and width; the stride must be there already.
void fill_node(const Operator& op, const Decided& decided, Node& node);
/// Returns whether the node has a width of its own.
bool has_width(const Node& node);

}  // namespace atto::net
