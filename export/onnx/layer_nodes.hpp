#pragma once
// The nodes that one operation of the IR becomes, for every operation but those with weights.

#include <map>
#include <string>
#include <vector>

#include "export/onnx/graph_builder.hpp"
#include "prototypes/network/network.hpp"
#include "prototypes/network/windows.hpp"

namespace atto::deploy::onnx {

/// One layer that is to be written.
struct LayerSite {
  std::string name;                 ///< of the layer
  std::vector<std::string> inputs;  ///< tensors
  std::vector<net::Shape> from;     ///< their shapes
  net::Shape out;
  std::string claimed;  ///< the output's name where it is a result of the model, else empty
};

/// Returns kernel_shape, strides and pads of a window over a map: what pads its end stands there in
/// numbers, as runtimes read ceil_mode and auto_pad differently.
template <class Windowed>
std::map<std::string, Attribute> window_attributes(const Windowed& op, const net::Shape& in) {
  using Wholes = std::vector<std::int64_t>;
  const net::WindowSide rows = net::rows_of(op), columns = net::columns_of(op);
  return {{"kernel_shape", Wholes{rows.kernel, columns.kernel}},
          {"strides", Wholes{rows.stride, columns.stride}},
          {"pads", Wholes{rows.before(), columns.before(), rows.after(in.height),
                          columns.after(in.width)}}};
}
template <class Convolution>
std::map<std::string, Attribute> convolution_attributes(const Convolution& op,
                                                        const net::Shape& in) {
  std::map<std::string, Attribute> attributes = window_attributes(op, in);
  attributes["dilations"] = std::vector<std::int64_t>{op.dilation, op.dilation};
  attributes["group"] = std::int64_t{op.groups};
  return attributes;
}

/// Writes an operation and returns its output's name. The definition stands beside the executor's
/// of the same operators.
std::string write(GraphBuilder& graph, const LayerSite& site, const net::Activate& op);
/// Add (two inputs) or Sum.
std::string write(GraphBuilder& graph, const LayerSite& site, const net::Add& op);
std::string write(GraphBuilder& graph, const LayerSite& site, const net::Multiply& op);
std::string write(GraphBuilder& graph, const LayerSite& site, const net::Concat& op);
std::string write(GraphBuilder& graph, const LayerSite& site, const net::Slice& op);
/// Reshape to [groups, n], transpose, reshape back.
std::string write(GraphBuilder& graph, const LayerSite& site, const net::Shuffle& op);
std::string write(GraphBuilder& graph, const LayerSite& site, const net::Pool& op);
/// AveragePool where the sides divide; else one product with a matrix of shares for each side.
std::string write(GraphBuilder& graph, const LayerSite& site, const net::PoolTo& op);
std::string write(GraphBuilder& graph, const LayerSite& site, const net::GlobalAveragePool& op);
std::string write(GraphBuilder& graph, const LayerSite& site, const net::Upsample& op);
/// Without scale and shift, as means and products: LayerNormalization came with opset 17.
std::string write(GraphBuilder& graph, const LayerSite& site, const net::LayerNorm& op);
std::string write(GraphBuilder& graph, const LayerSite& site, const net::Softmax& op);

}  // namespace atto::deploy::onnx
