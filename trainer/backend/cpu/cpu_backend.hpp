#pragma once
// The backend of our own kernels.

#include <memory>

#include "trainer/backend/backend.hpp"
#include "trainer/backend/cpu/plan.hpp"

namespace atto::train::cpu {

/// `other_step` makes the steps of layers that have no kernel of ours.
std::unique_ptr<Backend> make_backend(const net::Network& network, const ParameterLayout& layout,
                                      const BackendSettings& settings, const StepMaker& other_step);

}  // namespace atto::train::cpu
