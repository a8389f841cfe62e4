#pragma once
// Shape inference, and with it the check that a network is well-formed.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prototypes/network/network.hpp"

namespace atto::net {

/// Limits that keep every count of one layer inside 64 bits.
inline constexpr int kMaxChannels = 1 << 16;
inline constexpr int kMaxSide = 1 << 16;
inline constexpr int kMaxKernel = 63;
inline constexpr int kMaxBilinear = 128;  ///< the engine's sums of bytes stay exact in floats
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 30;

/// The shapes of what one operation reads: some of `shapes`.
struct InputShapes {
  std::span<const Shape> shapes;
  std::span<const int> inputs;

  std::size_t size() const { return inputs.size(); }
  const Shape& operator[](std::size_t i) const {
    return shapes[static_cast<std::size_t>(inputs[i])];
  }
};

/// Gives an operation's output shape: the one rule for networks and for structures that are not
/// built. Returns "" or the rule that is broken, as a static text. `classes` are the features of a
/// Dense that names none.
std::string_view infer_shape(const Op& op, const InputShapes& in, int classes, Shape& out);
std::string_view infer_shape(const Conv& op, const InputShapes& in, Shape& out);

/// Returns the output shape of every layer. Throws InternalError naming the layer and the rule when
/// the network is not well-formed (reader and generator make well-formed ones only): inputs out of
/// order, groups that do not divide, adds of different shapes, a stride that exceeds its map. Looks
/// at layers alone: names and outputs cost time and are malformed()'s.
std::vector<Shape> infer_shapes(const Network& network);

/// Returns the first rule that the network breaks, as "LAYER: RULE", with "; got OPERATION of
/// SHAPES" behind what infer_shape() says, or "" when it is well-formed. Covers unique layer names
/// and the outputs as well.
std::string malformed(const Network& network);

}  // namespace atto::net
