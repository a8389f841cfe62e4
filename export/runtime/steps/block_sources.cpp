#include "export/runtime/steps/block_sources.hpp"

#include <algorithm>

namespace atto::edge {
namespace {

using format::kLanes;

/// The part of `sources` that is one block of an input; a new one where there is none yet.
BlockSource& source_of(std::vector<BlockSource>& sources, std::size_t input, int block) {
  const auto known = std::find_if(sources.begin(), sources.end(), [&](const BlockSource& source) {
    return source.input == input && source.block == block;
  });
  if (known != sources.end()) return *known;
  sources.push_back({input, block});
  sources.back().lanes.fill(-1);
  return sources.back();
}

}  // namespace

std::vector<std::vector<BlockSource>> block_sources(const format::Step& gather) {
  std::vector<std::vector<BlockSource>> blocks(gather.gather.size() / kLanes);
  for (std::size_t lane = 0; lane < gather.gather.size(); ++lane) {
    const format::LaneSource& from = gather.gather[lane];
    if (from.input < 0) continue;
    source_of(blocks[lane / kLanes], static_cast<std::size_t>(from.input), from.lane / kLanes)
        .lanes[lane % kLanes] = from.lane % kLanes;
  }
  return blocks;
}

}  // namespace atto::edge
