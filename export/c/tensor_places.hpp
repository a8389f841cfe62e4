#pragma once
// Where the tensors of a C file lie in its arena, and the scratch memory of its steps.

#include <cstdint>
#include <vector>

#include "export/lowering/fused_network.hpp"

namespace atto::deploy::c {

/// What a node asks for.
struct Room {
  std::uint64_t bytes = 0;    ///< of its tensor
  std::uint64_t scratch = 0;  ///< while it runs
  std::vector<int> over;      ///< nodes whose tensor it may write over, best first
};

struct TensorPlaces {
  std::vector<std::uint64_t> tensors, scratch;  ///< offsets by node
  std::uint64_t arena_bytes = 0;
};

/// `rooms`: one for each node.
TensorPlaces place_tensors(const FusedNetwork& network, const std::vector<Room>& rooms);

}  // namespace atto::deploy::c
