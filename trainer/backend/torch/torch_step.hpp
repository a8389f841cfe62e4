#pragma once
// Layers that have no kernel of ours: LibTorch's operator, and its autograd over that one layer. No
// torch here.

#include <memory>

#include "trainer/backend/cpu/feature.hpp"

namespace atto::train {

/// Any layer without running statistics; `index` is its place in the network.
std::unique_ptr<cpu::Step> make_torch_step(const net::Layer& layer, int index);

}  // namespace atto::train
