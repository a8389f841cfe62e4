#pragma once
// Runs a TensorFlow Lite graph of the operators that we write, in plain loops after their
// definition. The product has no TensorFlow: this is how a file that was just written is checked.
//
// Convolutions of int8 are those of quantisation.hpp, which XNNPACK computes to the bit. Whatever
// else is made of int8 is computed in reals and rounded once; Google's kernels come within a step.

#include <functional>
#include <span>
#include <vector>

#include "export/tflite/graph.hpp"

namespace atto::deploy::tflite {

/// A tensor's values: floats; or whole numbers, as they are stored.
using Values = std::vector<double>;

class Executor {
 public:
  /// Sees a tensor right after it was made.
  using Watch = std::function<void(int tensor, const Values& values)>;

  /// Refers to the graph, which must stay; copies the constants. Throws InternalError for an
  /// operator that we do not write.
  explicit Executor(const Graph& graph);

  /// Takes reals [1, height, width, channels], which an int8 model rounds to its own, and returns
  /// every output as reals.
  std::vector<std::vector<float>> run(std::span<const float> image, const Watch& watch = {}) const;

  /// Returns what one operator makes of its inputs that flow; of constants, nothing need be given.
  Values run(const Operator& one, const std::vector<Values>& inputs) const;

 private:
  const Graph& graph_;
  std::vector<Values> constants_;  ///< by tensor
  std::vector<std::size_t> last_reader_;
};

}  // namespace atto::deploy::tflite
