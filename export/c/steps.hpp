#pragma once
// How the nodes of a fused network become calls of kernels, in one precision.

#include <memory>
#include <span>
#include <string>

#include "export/c/source_text.hpp"
#include "export/c/tensor_places.hpp"
#include "export/lowering/fused_network.hpp"
#include "export/lowering/quantisation.hpp"

namespace atto::deploy::c {

class Steps {
 public:
  virtual ~Steps() = default;
  Steps() = default;
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;

  virtual Room room(std::size_t node) const = 0;
  /// Adds the calls of a node; of the input none.
  virtual void write(std::size_t node, const TensorPlaces& places) = 0;
  /// Adds the calls that hand on a result, to outputs[first] and on.
  virtual void write_output(int node, std::int64_t first, const TensorPlaces& places) = 0;
  /// Returns the call that makes the network's input of `pixels` [height][width][channels], bytes;
  /// a pixel is value * scale + shift.
  virtual std::string from_pixels(std::span<const float> scale, std::span<const float> shift,
                                  const TensorPlaces& places) = 0;
  /// Returns the call that makes it of `image` [channels][height][width], normalised floats.
  virtual std::string from_values(const TensorPlaces& places) = 0;
};

/// `network` was fused with Attach::All; all must stay.
std::unique_ptr<Steps> f32_steps(const FusedNetwork& network, SourceText& text);
/// `network` was fused with Attach::Clamps. Throws SpecError naming the layer where sums could
/// leave 32 bits.
std::unique_ptr<Steps> i8_steps(const FusedNetwork& network, const Quantisation& quantisation,
                                SourceText& text);

/// Whether the groups of a convolution have one channel each.
bool is_depthwise(const FusedConv& conv, const net::Shape& in);
/// Returns the elements of a plane with the padding that its windows read.
std::uint64_t padded_plane(const FusedConv& conv, const net::Shape& out);
/// Returns the value of the kernel_window of a convolution.
std::string window_value(const FusedConv& conv, const net::Shape& in, const net::Shape& out);

}  // namespace atto::deploy::c
