#pragma once
// The operators that one node of a prepared network becomes.

#include <optional>

#include "export/tflite/graph_builder.hpp"
#include "prototypes/network/windows.hpp"

namespace atto::deploy::tflite {

/// One node that is to be written.
struct Site {
  GraphBuilder& graph;
  const FusedNode& node;
  std::vector<int> inputs;               ///< tensors, all of them maps
  std::vector<net::Shape> from;          ///< their shapes
  const TensorQuantisation* parameters;  ///< of the node's tensor; null in floats
  const WeightQuantisation* weights;     ///< null in floats, and where it has none

  bool is_int8() const { return parameters != nullptr; }
  Dims dims() const;  ///< of the node's tensor
  /// Adds a tensor of the node's parameters and an operator that makes it, and returns the tensor.
  int make(Op op, const std::string& part, std::vector<int> inputs, Dims dims,
           const Options& options = {}) const;
  /// As above, of the parameters of another tensor: for what only moves values.
  int like(int tensor, Op op, const std::string& part, std::vector<int> inputs, Dims dims,
           const Options& options = {}) const;
};

Dims map_dims(const net::Shape& shape);
/// Returns a tensor's parameters; none where it is of floats.
std::optional<TensorQuantisation> parameters_of(const Tensor& tensor);
/// Adds a reshape of a tensor.
int reshaped(const Site& site, int tensor, const std::string& part, Dims dims);

/// One overload an operation. Each returns the tensor that the node makes. The activation of the
/// node is done.
int write(const Site& site, const FusedConv& op);
/// In int8 a convolution, as full connections have no scale for each output in older runtimes.
int write(const Site& site, const FusedDense& op);
int write(const Site& site, const FusedActivate& op);
int write(const Site& site, const FusedAdd& op);
int write(const Site& site, const FusedMultiply& op);
int write(const Site& site, const FusedChannels& op);
int write(const Site& site, const net::Pool& op);
int write(const Site& site, const net::PoolTo& op);
int write(const Site& site, const net::GlobalAveragePool& op);
int write(const Site& site, const net::Upsample& op);
/// In floats, also in int8.
int write(const Site& site, const net::LayerNorm& op);
int write(const Site& site, const net::Softmax& op);

/// Adds a convolution of weights that the network does not have; its input's scale is known.
int write_constant_conv(const Site& site, const std::string& part, int input, const net::Shape& in,
                        const net::Shape& out, FusedConv conv);
/// Adds what pads a window's map, and returns it. `lowest`: with the least value, else with 0.
int pad_map(const Site& site, int input, const net::Shape& in, const net::WindowSide& rows,
            const net::WindowSide& columns, bool lowest = false);

}  // namespace atto::deploy::tflite
