#pragma once
// The fused network, run as its header documents it, in floats or by the rules of bf16.hpp: plain
// loops, sums in double. The quantiser watches its tensors.

#include <functional>
#include <span>
#include <vector>

#include "export/lowering/fused_network.hpp"
#include "export/lowering/quantisation.hpp"

namespace atto::deploy {

class FusedInterpreter {
 public:
  /// Sees the tensor of a node, [channels, height, width], right after it was made.
  using Watch = std::function<void(int node, std::span<const float> values)>;

  /// Refers to the network, which must stay. For int8 there is Int8Interpreter.
  explicit FusedInterpreter(const FusedNetwork& network, Precision precision = Precision::F32);

  /// Runs one image [channels, height, width]; returns every output of the network, in order.
  std::vector<std::vector<float>> run(std::span<const float> image, const Watch& watch = {}) const;

 private:
  struct Step;
  const FusedNetwork& network_;
  bool is_bf16_;
  std::vector<int> last_reader_;  ///< by node; beyond the last node for outputs
};

}  // namespace atto::deploy
