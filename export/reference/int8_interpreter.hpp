#pragma once
// A quantised network, run by the rules of lowering/quantisation.hpp in plain loops on whole
// numbers: what the int8 engine must equal to the bit.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "export/lowering/quantisation.hpp"

namespace atto::deploy {

class Int8Interpreter {
 public:
  /// Sees the tensor of a node, [channels, height, width], right after it was made. A softmax makes
  /// none.
  using Watch = std::function<void(int node, std::span<const std::uint8_t> values)>;

  /// Refers to both, which must stay. Throws InternalError when the quantisation does not belong to
  /// the network, or a sum could leave 32 bits.
  Int8Interpreter(const FusedNetwork& network, const Quantisation& quantisation);

  /// Runs one image of floats [channels, height, width]; returns every output of the network as
  /// floats, in order.
  std::vector<std::vector<float>> run(std::span<const float> image, const Watch& watch = {}) const;

 private:
  struct Step;
  const FusedNetwork& network_;
  const Quantisation& quantisation_;
};

/// Returns clamp(round_to_even(x) + zero_point, 0, 255).
std::uint8_t round_to_u8(float x, int zero_point);

}  // namespace atto::deploy
