#pragma once
// Costs of a resolved structure by the counting rule, without building its network. Equal to
// net::count_costs(net::realise(...)); a test holds them so.

#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "design_specs/requirements/metrics.hpp"
#include "prototypes/language/layer_walk.hpp"
#include "prototypes/network/footprint_bounds.hpp"

namespace atto::gen {

/// A sink of LayerWalk that adds up costs.
class CostTally {
 public:
  void clear();
  template <class Op>
  void layer(const net::LayerName&, const Op& op, const net::Shape& in, const net::Shape& out,
             std::span<const std::int32_t> inputs) {
    weights(op, in, out);
    tensor(out, inputs);
    footprint(net::LeastFootprintOf{in, out}(op));
    has_zeros_ |= std::is_same_v<Op, net::Zero>;
    if constexpr (requires { op.bias; }) note_convolution(op.bias);
    if constexpr (std::is_same_v<Op, net::BatchNorm>)
      norm({inputs[0], 2 * std::int64_t{out.channels}, out.channels});
    if constexpr (std::is_same_v<Op, net::LayerScale>) norm({inputs[0], out.channels, 0});
  }
  void begin_part(net::PartKind part, const net::PartLoad& load);
  /// Keeps a layer's tensor alive to the end, of its part of a detector.
  void keep(std::int32_t layer);
  spec::Costs total() const;
  /// Returns the bytes alive while each layer runs.
  std::vector<std::int64_t> live_bytes() const;
  /// Returns what each layer needs at least of a small device's memory (footprint_bounds.hpp).
  std::span<const std::int64_t> least_ram() const { return least_ram_; }
  std::size_t layers() const { return tensors_.size(); }

 private:
  void weights(const net::Conv& conv, const net::Shape& in, const net::Shape& out);
  void weights(const net::Deconv& deconv, const net::Shape& in, const net::Shape& out);
  void weights(const net::LayerNorm&, const net::Shape& in, const net::Shape& out);
  void weights(const net::Dense&, const net::Shape& in, const net::Shape& out);
  template <class Op>
  void weights(const Op&, const net::Shape&, const net::Shape&) {}
  void work(std::int64_t macs, const net::Shape& map);
  void footprint(const net::LeastFootprint& least);
  void count_live() const;
  void tensor(const net::Shape& out, std::span<const std::int32_t> inputs);
  void note_convolution(bool has_bias);

  struct Tensor {
    std::int64_t elements = 0;
    std::int32_t last_reader = 0, readers = 0;
    bool is_convolution = false, has_bias = false;
  };
  struct Norm {  ///< folds where it alone reads a convolution
    std::int32_t input;
    std::int64_t values;
    std::int64_t biases;  ///< that it leaves where it folds and the convolution has none
  };
  void norm(const Norm& norm);
  struct Begun {
    std::int32_t first_layer;
    std::int64_t kept_elements;  ///< beside its own tensors
  };
  std::vector<Begun> parts_;  ///< of a detector, behind the trunk
  net::PartLoad load_;        ///< of the part that is told of
  std::vector<Tensor> tensors_;
  std::vector<Norm> norms_;
  mutable std::vector<std::int64_t> change_;  ///< of live elements, per layer
  std::vector<std::int64_t> least_ram_;
  std::int64_t params_ = 0, macs_ = 0, stored_ = 0, least_flash_ = 0;
  bool has_zeros_ = false;
};

/// Returns the costs of a structure whose shapes were resolved.
spec::Costs fast_costs(const net::Structure& structure, std::span<const net::Shape> shapes,
                       CostTally& tally, net::WalkStorage& storage);

}  // namespace atto::gen
