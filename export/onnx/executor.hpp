#pragma once
// Runs an ONNX graph of the operators that we write, by their definition in operator sets 13
// and 16. The product has no ONNX Runtime: this is how a file that was just written is checked.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "export/onnx/graph.hpp"

namespace atto::deploy::onnx {

/// A tensor with all its sides, batch first. Floats lie in `values`, whole numbers of any type, and
/// what is true as 1, in `wholes`; the other is empty.
struct Array {
  std::vector<std::int64_t> dims;
  std::vector<float> values;
  std::vector<std::int64_t> wholes;

  double number(std::size_t i) const {
    return values.empty() ? static_cast<double>(wholes[i]) : double{values[i]};
  }
};

class Executor {
 public:
  /// Copies the constants. Throws InternalError for an operator that we do not write.
  explicit Executor(const Graph& graph);
  /// Takes the model's inputs by name, returns its outputs by name.
  std::map<std::string, Array> run(std::map<std::string, Array> inputs) const;

 private:
  const Graph& graph_;
  std::map<std::string, Array> constants_;
  std::map<std::string, std::size_t> last_reader_;
};

}  // namespace atto::deploy::onnx
