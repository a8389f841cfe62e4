#pragma once
// The IR, run as its header documents it: one layer at a time, plain loops, sums in double. Slow on
// purpose; it is what the engine and the exported files are held against.

#include <functional>
#include <span>
#include <vector>

#include "prototypes/network/network.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::deploy {

class Interpreter {
 public:
  /// Sees the output of a layer, [channels, height, width], right after it was made.
  using Watch = std::function<void(int layer, std::span<const float> values)>;

  /// Copies both. Throws SpecError unless the weights are the network's.
  Interpreter(net::Network network, const net::TensorFile& weights);

  /// Runs one image [channels, height, width]; returns every output of the network, in order, each
  /// [channels, height, width].
  std::vector<std::vector<float>> run(std::span<const float> image, const Watch& watch = {}) const;

 private:
  struct Step;
  net::Network network_;
  std::vector<net::Shape> shapes_;
  std::vector<int> last_reader_;  ///< by layer; beyond the last layer for outputs
  std::vector<std::vector<std::vector<float>>> parameters_;  ///< by layer, as in weight_specs
};

/// Copies the values of an F32 tensor.
std::vector<float> float_values(const net::Tensor& tensor);

}  // namespace atto::deploy
