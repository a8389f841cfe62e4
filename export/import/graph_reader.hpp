#pragma once
// Reads one ONNX node after the other into a network that grows. In four files: the reader, what
// has windows and weights, what moves values and works on each, what becomes a gelu.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "export/import/graph_network.hpp"
#include "export/import/graph_values.hpp"

namespace atto::deploy::import {

class GraphReader {
 public:
  GraphReader(const onnx::Graph& graph, std::string file);
  GraphNetwork read();

 private:
  using Sides = std::vector<std::int64_t>;
  using Read = void (GraphReader::*)();
  static const std::map<std::string_view, Read>& operators();

  // What a node says.
  [[noreturn]] void refuse(const std::string& rule, const std::string& got = "") const;
  std::int64_t whole(const char* name, std::int64_t otherwise) const;
  float number(const char* name, float otherwise) const;
  std::string text(const char* name, const std::string& otherwise) const;
  Sides wholes(const char* name, Sides otherwise) const;
  bool has(std::size_t input) const;
  const Known& in(std::size_t input) const;
  /// The layer of an input as a map; a flat one of one pixel is as good.
  int map(std::size_t input) const;
  /// The same with the zeros around it.
  int padded_map(std::size_t input, Pads& pads) const;
  int any(std::size_t input) const;
  const net::Shape& shape(int layer) const { return shapes_[static_cast<std::size_t>(layer)]; }
  const net::Tensor& constant(std::size_t input, std::string_view what) const;
  std::vector<float> floats(std::size_t input, std::string_view what) const;
  Sides integers(std::size_t input, std::string_view what) const;
  bool are_all_constants() const;

  // What it becomes.
  int add(const net::Op& op, std::vector<int> inputs);
  void set_weight(int layer, const char* part, const std::vector<float>& values,
                  std::vector<std::int64_t> sides);
  void set_bias_of_zeros(int layer, int count);
  void hand_on(int layer, Form form = Form::Map, std::size_t output = 0);
  void hand_on_same(std::size_t input = 0);
  void activate(net::Activation kind);
  Form form_of(std::size_t input) const;

  /// What ONNX's numbers say of a window: its places on both sides.
  struct Places;
  template <class Windowed>
  Places places_of(const Windowed& op, int from, int dilation, const Pads& more,
                   bool rounds_up) const;
  template <class Windowed>
  bool place_window(Windowed& op, int from, int dilation, const Places& places) const;
  [[noreturn]] void refuse_places(const net::Sides& kernel, const net::Sides& stride, int from,
                                  const std::string& rule) const;
  std::vector<float> widen(net::Conv& op, int from, const Places& places,
                           const std::vector<float>& weights);

  void conv();
  void deconv();
  void batch_norm();
  void gemm();
  void mat_mul();
  void pool();
  void global_pool();
  void reduce_mean();
  void flatten();
  void reshape();
  void transpose();
  void concat();
  void split();
  void slice();
  void join();
  void multiply();
  void divide();
  void scale(std::size_t map_at, std::vector<float> factors);
  void erf();
  bool add_one(const Known& a, const Known& b);
  bool multiply_gelu(const Known& a, const Known& b);
  bool scale_gelu(const Known& part, float factor);
  void hand_on_part(GeluPart part, int of, float factor, Form form);
  void clip();
  void leaky_relu();
  void hard_sigmoid();
  void softmax();
  void resize();
  void plain();  ///< activations without settings
  void same();   ///< Identity, Dropout
  void constant_node();
  void shape_node();
  void pad();
  void dense(int from, const std::vector<float>& weights, std::int64_t outputs,
             const std::vector<float>& bias);
  void expect_outputs(std::int64_t outputs) const;
  bool add_bias(const Known& a, const Known& b);
  int gated(int a, int b) const;

  void take_input();
  void take_outputs();
  int output_layer(const onnx::Value& output) const;
  void drop_dead();

  const onnx::Graph& graph_;
  std::string file_;
  const onnx::Node* node_ = nullptr;
  std::map<std::string, Known> known_;
  std::map<std::vector<int>, int> concats_;  ///< by what they join
  std::set<std::string> names_;
  std::vector<net::Shape> shapes_;
  GraphNetwork made_;
};

}  // namespace atto::deploy::import
