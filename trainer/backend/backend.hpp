#pragma once
// What computes a network: forward, backward, statistics. Two of them: LibTorch's operators on any
// device, and our own kernels on the CPU. Weights, gradients and statistics are flat buffers on the
// host (parameters.hpp); images are [count, height, width, channels] float.

#include <cstdint>
#include <vector>

#include "prototypes/network/network.hpp"
#include "trainer/backend/parameters.hpp"

namespace atto::train {

struct Batch {
  const float* images = nullptr;
  int count = 0;           ///< may be another from call to call, up to the backend's batch
  std::uint64_t seed = 0;  ///< of what forward() drops; 0: nothing
};

/// A buffer [count, height, width, channels] for each output that the backend computes.
using Maps = std::vector<std::vector<float>>;

/// Layers whose outputs are looked at on the way.
struct Watch {
  std::vector<int> layers;  ///< indices into the network's, each needed by an output
  Maps maps;                ///< is filled, one a layer
};

class Backend {
 public:
  virtual ~Backend() = default;
  /// Normalises by the batch's own statistics. Returns the outputs, and keeps what backward()
  /// needs: weights and images stay as they are until then.
  virtual Maps forward(const float* weights, const Batch& batch, Watch* watch = nullptr) = 0;
  /// Goes back from the last forward(), once. `slopes`: of the loss by each output. Writes all
  /// gradients; and the slopes by the images where they are asked for, which the settings must
  /// have said.
  virtual void backward(const Maps& slopes, float* gradients, float* image_slopes = nullptr) = 0;
  /// Runs forward with the batch's own statistics and moves the running ones (variance unbiased, as
  /// in torch): running += share * (batch - running).
  virtual void measure_statistics(const float* weights, const Batch& batch, double share,
                                  float* statistics) = 0;
  /// Normalises by the running statistics.
  virtual Maps infer(const float* weights, const float* statistics, const Batch& batch) = 0;
};

enum class Device : std::uint8_t { Cpu, Cuda };

struct BackendSettings {
  Device device = Device::Cpu;
  int threads = 1;
  int batch = 128;  ///< the largest batch that will be given
  /// Which of the network's outputs are computed: layers that none of them needs are left out.
  std::vector<int> outputs = {0};
  bool gives_image_slopes = false;
};

}  // namespace atto::train
