#pragma once
// Builds a graph node by node, with unique tensor names that say where they come from.

#include <set>
#include <span>
#include <string>
#include <vector>

#include "export/onnx/graph.hpp"

namespace atto::deploy::onnx {

class GraphBuilder {
 public:
  /// `reserved`: names that only claim() gives away (the model's outputs).
  GraphBuilder(std::string name, const std::vector<std::string>& reserved, int opset = kOpset);

  /// Adds an input of the model and returns its name.
  std::string input(Value value);
  void output(Value value);
  /// Adds a node with one output and returns the output's name: that of the node, or the next
  /// free one, or `claimed`, a reserved name.
  std::string add(const std::string& op, const std::string& name, std::vector<std::string> inputs,
                  std::map<std::string, Attribute> attributes = {},
                  const std::string& claimed = {});
  /// Adds a node with two outputs and returns the second one's name.
  std::string add_second(const std::string& op, const std::string& name,
                         std::vector<std::string> inputs,
                         std::map<std::string, Attribute> attributes);
  /// Adds a weight and returns its name; nodes of one weight share it.
  std::string weight(const std::string& name, const net::Tensor& tensor);
  /// Adds constants and returns their names; equal numbers share one.
  std::string constant(const std::string& name, net::Tensor tensor);
  std::string constant(const std::string& name, std::span<const float> values,
                       std::vector<std::int64_t> shape);
  std::string integers(const std::string& name, const std::vector<std::int64_t>& values);
  std::string number(float value);

  Graph finish(std::map<std::string, std::string> metadata);

 private:
  std::string fresh(const std::string& name);

  Graph graph_;
  std::set<std::string> taken_;
  std::map<float, std::string> numbers_;
  std::map<std::string, std::string> weights_;
};

}  // namespace atto::deploy::onnx
