#pragma once
// Where pieces of memory lie in an arena that all steps of a network share.

#include <cstdint>
#include <span>
#include <vector>

namespace atto::deploy {

/// Memory that is in use during the steps [first, last].
struct Piece {
  std::uint64_t bytes = 0;  ///< a multiple of the alignment
  std::size_t first = 0, last = 0;
  bool used = true;
  std::uint64_t offset = 0;
};

/// Gives every piece an offset, so that those in use at the same time do not meet; returns the
/// arena's size. The same pieces get the same offsets.
std::uint64_t place_pieces(std::vector<Piece>& pieces);

/// Returns the largest sum of pieces in use at the same time: no arena can be smaller.
std::uint64_t smallest_arena(std::span<const Piece> pieces);

}  // namespace atto::deploy
