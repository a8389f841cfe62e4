#pragma once
// The backends that a process with LibTorch has. No torch here.

#include <memory>
#include <string>

#include "trainer/backend/backend.hpp"

namespace atto::train {

/// LibTorch's operators with autograd: every operation, every device; mixed precision on CUDA.
std::unique_ptr<Backend> make_torch_backend(const net::Network& network,
                                            const ParameterLayout& layout,
                                            const BackendSettings& settings);
/// Our own kernels on the CPU (cpu/), with LibTorch's operators where there is none of ours.
std::unique_ptr<Backend> make_cpu_backend(const net::Network& network,
                                          const ParameterLayout& layout,
                                          const BackendSettings& settings);
/// Returns the fastest backend for the device.
std::unique_ptr<Backend> make_backend(const net::Network& network, const ParameterLayout& layout,
                                      const BackendSettings& settings);

bool has_cuda();
/// Returns "torch=...\nmkldnn=..." lines.
std::string torch_environment();
/// Sets the thread counts of LibTorch and makes malloc keep freed blocks. Call before the first
/// tensor.
void prepare_process(int threads);

}  // namespace atto::train
