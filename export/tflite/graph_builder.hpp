#pragma once
// Builds a graph tensor by tensor, under unique names that say where they come from.

#include <set>

#include "export/tflite/graph.hpp"

namespace atto::deploy::tflite {

class GraphBuilder {
 public:
  /// `reserved`: names that only rename() gives away (the model's outputs).
  GraphBuilder(std::string name, const std::vector<std::string>& reserved);

  const Tensor& operator[](int tensor) const { return graph_.tensors[place(tensor)]; }
  const Dims& dims(int tensor) const { return (*this)[tensor].dims; }

  /// Adds a tensor that flows, in int8 where it has parameters, and returns it. The zero point is
  /// ours, of unsigned bytes.
  int tensor(const std::string& name, Dims dims, const TensorQuantisation* parameters);
  /// Adds constants.
  int floats(const std::string& name, Dims dims, const std::vector<float>& values);
  int integers(const std::string& name, Dims dims, const std::vector<int>& values);
  /// Scales lie along `axis`, where there are several.
  int bytes(const std::string& name, Dims dims, const std::vector<std::int8_t>& values,
            std::vector<float> scales, int axis, int zero_point = 0);
  /// 32-bit numbers in units of their scales.
  int sums(const std::string& name, const std::vector<std::int32_t>& values,
           std::vector<float> scales);

  void input(int tensor) { graph_.input = tensor; }
  void add(Op op, std::vector<int> inputs, int output, const Options& options = {});
  /// Gives a tensor a reserved name, and makes it an output.
  void output(int tensor, const std::string& name);

  Graph finish(std::string description);

 private:
  static std::size_t place(int tensor) { return static_cast<std::size_t>(tensor); }
  int add(Tensor tensor);

  Graph graph_;
  std::set<std::string> taken_;
};

}  // namespace atto::deploy::tflite
