#pragma once
// Post-training quantisation: int8 parameters of a fused network from images that it was not
// trained to see quantised. Symmetric weights with a scale for each output channel, u8 activations
// with one scale and zero point for each tensor (lowering/quantisation.hpp).

#include <functional>
#include <optional>
#include <span>

#include "export/lowering/quantisation.hpp"
#include "export/quantisation/ranges.hpp"

namespace atto::deploy {

struct QuantiseOptions {
  RangeMethod range = RangeMethod::Best;
  bool corrects_bias = true;
  bool has_short_scales = false;  ///< of tensors and weights: short_scale()
  /// What a format prescribes for the tensor of a node, where it does; `before`: of earlier nodes.
  std::function<std::optional<TensorQuantisation>(const FusedNetwork& network, std::size_t node,
                                                  std::span<const TensorQuantisation> before)>
      prescribed = {};
};

/// Returns the least number of twelve binary digits that is no less. Products of two are exact in
/// float, so that those who multiply scales in other orders get the same factor.
float short_scale(float scale);

/// Quantises a network that fuse() made with Attach::Clamps. `images`: [count, channels, height,
/// width] as the network was trained on; some hundred training images are enough. Throws SpecError
/// naming the layer for a network that int8 cannot express (a softmax that another layer reads).
Quantisation quantise(const FusedNetwork& network, std::span<const float> images,
                      const QuantiseOptions& options = {});

/// Quantises the weights of one convolution or dense layer, with its bias in units of input scale *
/// weight scale.
WeightQuantisation quantise_weights(const FusedNode& node, float input_scale,
                                    bool has_short_scales = false);

}  // namespace atto::deploy
