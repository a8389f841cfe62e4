#pragma once
// Prototypes that the generator's tests share.

#include <string>
#include <string_view>
#include <vector>

#include "prototypes/language/prototype.hpp"

namespace atto::test {

net::Prototype prototype_of(std::string_view text);

/// 3 widths x 2 kernels x (2 alternatives, one with 2 widths): small enough to enumerate.
std::string_view tiny_prototype();
/// Every construct that costs depend on: free-form chains, groups, joins, splits, earlier maps,
/// ties.
std::string_view rich_prototype();
/// Bodies inside of chains, earlier maps side by side or added, widths of what enters: small.
std::string_view joining_prototype();
/// Norms of their own, which fold into a convolution or do not.
std::string_view norm_prototype();
/// The prototypes that ship, by file name.
std::vector<net::Prototype> shipped_prototypes();

/// Every complete assignment, well-formed or not.
std::vector<net::Assignment> all_assignments(const net::Prototype& prototype);

}  // namespace atto::test
