#pragma once
// Networks that are written as model.py: of shipped prototypes, and random ones.

#include <string>
#include <string_view>
#include <vector>

#include "prototypes/network/network.hpp"

namespace atto::test {

/// Returns a design of a shipped prototype, of that with every feature where the name is empty: its
/// decisions drawn with the seed, at an input of this side where it is not 0.
net::Network drawn_design(std::string_view prototype, std::uint64_t seed, int side = 0);

/// Returns the names of all shipped prototypes.
std::vector<std::string> shipped_names();

}  // namespace atto::test
