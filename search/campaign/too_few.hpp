#pragma once
// Why a search tried fewer designs than it was to try.

#include <cstddef>
#include <cstdint>
#include <string>

#include "generator/space/feasible_space.hpp"

namespace atto::search {

/// What a search had to do with.
struct Shortage {
  std::size_t tried = 0;   ///< designs that it proposed or people added
  std::size_t wanted = 0;  ///< search.candidates
  std::uint64_t seed = 0;
};

/// Returns "the prototype has only 4 distinct feasible designs; search.candidates asks for 32", or
/// what else is known; where nothing was tried, what was and the nearest miss.
std::string too_few_text(const gen::FeasibleSpace& space, const Shortage& shortage);

}  // namespace atto::search
