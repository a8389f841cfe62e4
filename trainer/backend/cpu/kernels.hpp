#pragma once
// The inner loops of training on the CPU, once for each instruction set. All maps are NHWC float; a
// "row" is one pixel's channels, and consecutive rows lie a stride apart. Channels run in blocks of
// 16 lanes.
//
// A map is kept *raw*, before batch norm and activation: value = act(raw * scale + shift), with a
// scale and a shift a channel. Whoever reads it applies that on the way, so that normalised maps
// are never stored.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "prototypes/network/network.hpp"

namespace atto::train::cpu {

inline constexpr int kLanes = 16;
constexpr int padded(int channels) {
  return (channels + kLanes - 1) / kLanes * kLanes;
}

/// Activations that need no exponential; others are left to LibTorch.
bool is_cheap(net::Activation kind);

/// How a raw map becomes its value; arrays of at least the rows' channels.
struct Affine {
  const float* scale = nullptr;
  const float* shift = nullptr;
  net::Activation act = net::Activation::None;  ///< a cheap one
};

/// Rows of a map.
struct Rows {
  const float* at = nullptr;
  std::ptrdiff_t stride = 0;
};

/// Memory that will be needed soon: lines of 64 bytes from `at` on.
struct Ahead {
  const float* at = nullptr;
  int lines = 0;
};

/// dst (+)= A * B: a [m, k] at (row, step) strides, b [k, n] with n a multiple of 16, dst [m,
/// n_valid].
struct Product {
  int m = 0, n_valid = 0, k = 0;
  const float* a = nullptr;
  std::ptrdiff_t a_row = 0, a_step = 0;
  const float* b = nullptr;
  std::ptrdiff_t b_step = 0;
  float* dst = nullptr;
  std::ptrdiff_t dst_row = 0;
  bool adds = false;
  /// Results pass by the caches: for maps larger than these. Rows of dst are then at multiples of
  /// 64 bytes.
  bool streams = false;
  float* sums = nullptr;     ///< where given: += each column's sum, in whole blocks of 16
  float* squares = nullptr;  ///< += each column's sum of squares
  Ahead ahead[2] = {};       ///< is fetched into the cache meanwhile, a few lines a tile
};

/// A reader's share d of a map's gradient: gradient = d where it is the first, else gradient + d.
/// The last reader also multiplies by act'(raw * scale + shift), and adds to sums[c] the gradients
/// and to products[c] gradient * (raw - mean), in whole blocks of 16. gradient is laid out as raw.
struct Contribution {
  Rows d;
  bool is_first = false, is_last = false, streams = false;
  float* gradient = nullptr;
  Rows raw;
  int rows = 0, channels = 0;
  Affine affine;
  const float* mean = nullptr;
  float *sums = nullptr, *products = nullptr;
};

/// 16 channels of one row of a depthwise convolution's output, kernel k x k, stride s:
/// src [k, src_pitch, 16] begins at the row's first tap, weights [k * k, 16].
struct DepthwiseBlock {
  int kernel = 3, stride = 1, width = 0;  ///< of the output row
  const float* src = nullptr;
  std::ptrdiff_t src_pitch = 0;  ///< pixels from one row of the picture to the next
};
struct DepthwiseRow {
  float* dst = nullptr;
  std::ptrdiff_t stride = 0;  ///< floats from pixel to pixel
  int channels = kLanes;      ///< that are written, at most 16
  bool streams = false;
  float *sums = nullptr, *squares = nullptr;  ///< where given, += over the row, 16 lanes
};

struct Kernels {
  std::string_view name;
  /// dst = act(src * scale + shift).
  void (*activate)(Rows src, int rows, int channels, const Affine& affine, float* dst,
                   std::ptrdiff_t dst_stride);
  /// dst += act(src * scale + shift).
  void (*add_activated)(Rows src, int rows, int channels, const Affine& affine, float* dst,
                        std::ptrdiff_t dst_stride);
  /// dst = by_grad * grad + by_raw * raw + constant, per channel.
  void (*blend)(Rows grad, Rows raw, int rows, int channels, const float* by_grad,
                const float* by_raw, const float* constant, float* dst, std::ptrdiff_t dst_stride);
  void (*multiply)(const Product& product);
  /// sums[c] += sum of rows, squares[c] += sum of squares.
  void (*sum)(Rows src, int rows, int channels, float* sums, float* squares);
  void (*contribute)(const Contribution& contribution);
  void (*depthwise)(const DepthwiseBlock& block, const float* weights, const DepthwiseRow& out);
  /// slopes [k * k, 16] += products of src with one row d of the output's gradient, pixels d_step
  /// apart.
  void (*depthwise_slopes)(const DepthwiseBlock& block, const float* d, std::ptrdiff_t d_step,
                           float* slopes);
};

/// Returns the best table for this CPU; ATTO_TRAIN_ISA=plain|avx2|avx512 in the environment lowers
/// it. Throws SpecError where this CPU has no such table.
const Kernels& best_kernels();
/// Returns the tables that this CPU can run, plainest first: tests run all.
struct KernelList {
  const Kernels* tables[3];
  int count;
};
KernelList runnable_kernels();

const Kernels& plain_kernels();
const Kernels& avx2_kernels();
const Kernels& avx512_kernels();

}  // namespace atto::train::cpu
