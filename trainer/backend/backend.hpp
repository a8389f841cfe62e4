#pragma once
// What computes a network: forward, backward, statistics. Two of them: LibTorch's operators on any
// device, and our own kernels on the CPU. Weights, gradients and statistics are flat buffers on the
// host (parameters.hpp); images are [count, height, width, channels] float.

#include <cstdint>
#include <span>
#include <vector>

#include "prototypes/network/network.hpp"
#include "trainer/backend/parameters.hpp"

namespace atto::train {

struct Batch {
  const float* images = nullptr;
  const std::int32_t* labels = nullptr;
  int count = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  /// Normalises by the batch's own statistics. Writes all gradients of the mean loss; returns the
  /// mean loss.
  virtual double forward_backward(const float* weights, const Batch& batch, double smoothing,
                                  float* gradients) = 0;
  /// As forward_backward; also copies the outputs of `layers` (indices into the network's, each
  /// needed by its first output), [count, height, width, channels].
  virtual double respond(const float* weights, const Batch& batch, double smoothing,
                         float* gradients, std::span<const int> layers,
                         std::vector<std::vector<float>>& outputs) = 0;
  /// Runs forward with the batch's own statistics and moves the running ones (variance unbiased, as
  /// in torch): running += share * (batch - running).
  virtual void measure_statistics(const float* weights, const Batch& batch, double share,
                                  float* statistics) = 0;
  /// Normalises by the running statistics. Writes logits [count, classes].
  virtual void infer(const float* weights, const float* statistics, const Batch& batch,
                     float* logits) = 0;
};

enum class Device : std::uint8_t { Cpu, Cuda };

struct BackendSettings {
  Device device = Device::Cpu;
  int threads = 1;
  int batch = 128;  ///< the largest batch that will be given
};

}  // namespace atto::train
