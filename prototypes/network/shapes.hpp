#pragma once
// Shape inference, and with it the check that a network is well-formed.

#include <cstdint>
#include <string>
#include <vector>

#include "prototypes/network/network.hpp"

namespace atto::net {

/// Limits that keep every count of one layer inside 64 bits.
inline constexpr int kMaxChannels = 1 << 16;
inline constexpr int kMaxSide = 1 << 16;
inline constexpr int kMaxKernel = 63;
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 30;

/// Returns the side of a map after a stride, rounded up; side, stride >= 1.
constexpr int strided_side(int side, int stride) {
  return (side + stride - 1) / stride;
}

/// Returns the output shape of every layer. Throws InternalError naming the layer and the rule when
/// the network is not well-formed (reader and generator make well-formed ones only): inputs out of
/// order, groups that do not divide, adds of different shapes, a stride that exceeds its map. Looks
/// at layers alone: names and outputs cost time and are malformed()'s.
std::vector<Shape> infer_shapes(const Network& network);

/// Returns the first rule that the network breaks, as "LAYER: RULE", or "" when it is well-formed.
/// Covers unique layer names and the outputs as well.
std::string malformed(const Network& network);

}  // namespace atto::net
