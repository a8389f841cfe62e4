#pragma once
// A map of a batch as the CPU backend keeps it, and the steps that make and read maps.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "prototypes/network/network.hpp"
#include "prototypes/network/windows.hpp"
#include "trainer/backend/cpu/kernels.hpp"
#include "trainer/backend/parameters.hpp"

namespace atto::train::cpu {

/// Memory of the run: uninitialised floats at a cache line.
class Buffer {
 public:
  explicit Buffer(std::size_t count = 0);
  float* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(float* p) const;
    void* mapping;  ///< where the memory is not malloc's
    std::size_t mapped;
  };
  std::size_t size_ = 0;
  std::unique_ptr<float, Free> data_{nullptr, Free{nullptr, 0}};
};

/// value = act(raw * scale + shift). Where a batch norm belongs to the map, scale and shift are
/// its.
struct Feature {
  net::Shape shape;
  net::Activation act = net::Activation::None;
  int norm_layer = -1;  ///< the batch norm whose scale and shift this map carries
  int bias_layer = -1;  ///< the layer whose bias is the shift, where there is no norm
  bool needs_gradient = true;
  int readers = 0;                     ///< steps that will send a gradient
  Buffer raw;                          ///< [batch, height, width, channels]
  std::size_t gradient_at = 0;         ///< where in Memory::gradients
  std::vector<float> scale, shift;     ///< per channel
  std::vector<float> mean, deviation;  ///< of the raw map; deviation is 1 / sqrt(var + eps)
  std::vector<double> sums, squares;   ///< of the raw map over the batch
  // Backward:
  float* gradient = nullptr;  ///< to act(...)'s input once all readers have sent theirs
  int arrived = 0;
  std::vector<double> gradient_sums, gradient_products;

  std::ptrdiff_t pixels() const { return std::ptrdiff_t{shape.height} * shape.width; }
  Affine affine() const { return {scale.data(), shift.data(), act}; }
  /// Whether writes to the map should pass by the caches: it is far larger, and its rows are
  /// aligned.
  bool streams() const {
    constexpr std::size_t kLargeFloats = std::size_t{2} << 20;
    return raw.size() >= kLargeFloats && shape.channels % kLanes == 0;
  }
};

/// What a pass over the network needs.
struct Pass {
  const Kernels* kernels = nullptr;
  const ParameterLayout* layout = nullptr;
  const float* weights = nullptr;
  float* gradients = nullptr;  ///< flat, as the weights; only backward
  int images = 0;
  int threads = 1;
  bool measures = true;    ///< batch statistics are wanted
  bool trains = true;      ///< a backward pass follows
  std::uint64_t seed = 0;  ///< as Batch's
};

/// Whether a step adds up its output's channels for a batch norm.
inline bool wants_sums(const Pass& pass, const Feature& feature) {
  return pass.measures && feature.norm_layer >= 0;
}

/// Per-thread sums of channels, added up in thread order: the same result for the same thread
/// count.
class ChannelSums {
 public:
  ChannelSums(int threads, int channels);
  float* first(int thread) { return values_.data() + std::size_t(thread) * 2 * pitch_; }
  float* second(int thread) { return first(thread) + pitch_; }
  /// Moves a thread's float sums into its doubles; called every few thousand pixels.
  void flush(int thread);
  void total(std::vector<double>& firsts, std::vector<double>& seconds) const;

 private:
  std::size_t pitch_;
  int threads_, channels_;
  std::vector<float> values_;
  std::vector<double> totals_;
};

/// One step of the plan. Inputs and outputs are features.
class Step {
 public:
  virtual ~Step() = default;
  virtual void forward(const Pass& pass) = 0;
  /// The output's gradient is complete. Sends to each input, and writes the gradients of its
  /// weights.
  virtual void backward(const Pass& pass) = 0;
  std::vector<Feature*> inputs;
  Feature* output = nullptr;
};

/// Marks the arrival of one reader's gradient at a map; says whether it is the first and the last.
struct Arrival {
  bool is_first = false, is_last = false;
};
Arrival arrive(Feature& feature);

/// The share d of `rows` pixels from pixel `first` on, for channels [channel, channel + channels).
Contribution contribution(const Feature& to, Arrival arrival, Rows d, std::ptrdiff_t first,
                          int rows, int channel, int channels, ChannelSums& sums, int thread);

/// What turns a complete gradient into that of the raw map: raw' = by_grad * g + by_raw * raw +
/// constant. Also writes the gradients of the batch norm, where the map has one.
struct Blend {
  std::vector<float> by_grad, by_raw, constant;
};
Blend blend_of(const Feature& feature, const Pass& pass);

struct ConvGeometry {
  net::Shape in, out;
  net::WindowSide rows, columns;
  int groups = 1;
  bool has_bias = false;
  int layer = 0;  ///< whose weights
};

std::unique_ptr<Step> make_conv_step(const ConvGeometry& geometry, int threads);
std::unique_ptr<Step> make_depthwise_step(const ConvGeometry& geometry, int threads);
/// Of the geometry it takes the kernel, which is the stride and as wide as it is high.
std::unique_ptr<Step> make_deconv_step(const ConvGeometry& geometry, int threads);
/// One input is a copy, which a batch norm or an activation of its own can follow.
std::unique_ptr<Step> make_add_step();
/// The second input is one pixel an image and scales the first's channels.
std::unique_ptr<Step> make_gate_step();
std::unique_ptr<Step> make_global_pool_step();

}  // namespace atto::train::cpu
