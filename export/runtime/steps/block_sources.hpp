#pragma once
// A Gather, block by block.

#include <array>
#include <vector>

#include "export/format/program.hpp"

namespace atto::edge {

/// What an output block takes from one block of an input.
struct BlockSource {
  std::size_t input = 0;
  int block = 0;
  std::array<std::int32_t, format::kLanes> lanes{};  ///< by lane of the output, or -1

  bool is_whole() const {  ///< and in place
    for (int l = 0; l < format::kLanes; ++l)
      if (lanes[static_cast<std::size_t>(l)] != l) return false;
    return true;
  }
};

/// Returns the sources of every output block, at most kLanes each; none where no lane has one.
std::vector<std::vector<BlockSource>> block_sources(const format::Step& gather);

}  // namespace atto::edge
