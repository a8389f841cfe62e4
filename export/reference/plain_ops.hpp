#pragma once
// Every operation as plain loops with sums in double: what the fast kernels and the exported files
// are held against. Maps are [channels, height, width], planar, one image.

#include <span>

#include "prototypes/network/network.hpp"
#include "prototypes/network/windows.hpp"

namespace atto::deploy::plain {

using net::Shape;

/// A window that slides over a map. Output cell (y, x) reads rows y * stride_h + k * dilation_h -
/// top for k < kernel_h, and columns likewise; what lies outside of the map is padding.
struct Window {
  int kernel_h = 1, kernel_w = 1;
  int stride_h = 1, stride_w = 1;
  int dilation_h = 1, dilation_w = 1;
  int top = 0, left = 0;
};

/// Returns the window of a convolution or pool.
template <class Windowed>
Window window_of(const Windowed& op) {
  const net::WindowSide rows = net::rows_of(op), columns = net::columns_of(op);
  return {rows.kernel,   columns.kernel,   rows.stride,   columns.stride,
          rows.dilation, columns.dilation, rows.before(), columns.before()};
}

/// weights [out.channels, in.channels / groups, kernel_h, kernel_w]; bias [out.channels] or empty.
void conv(std::span<const float> src, const Shape& in, std::span<const float> weights,
          std::span<const float> bias, int groups, const Window& window, const Shape& out,
          std::span<float> dst);
/// Padding takes no part: it is neither the largest value nor counted in the average.
void max_pool(std::span<const float> src, const Shape& in, const Window& window, const Shape& out,
              std::span<float> dst);
void average_pool(std::span<const float> src, const Shape& in, const Window& window,
                  const Shape& out, std::span<float> dst);
/// Cell i of n averages rows [floor(i * H / n), ceil((i + 1) * H / n)), and columns likewise.
void adaptive_average_pool(std::span<const float> src, const Shape& in, const Shape& out,
                           std::span<float> dst);
/// (x - mean) / sqrt(variance + epsilon) * scale + shift, each [channels].
struct Normalisation {
  std::span<const float> scale, shift, mean, variance;
  double epsilon = 1e-5;
};
void batch_norm(std::span<const float> src, const Shape& in, const Normalisation& norm,
                std::span<float> dst);
/// weights [dst.size(), src.size()]; bias [dst.size()] or empty.
void dense(std::span<const float> src, std::span<const float> weights, std::span<const float> bias,
           std::span<float> dst);
/// Channel c of `groups` groups of n goes to (c mod n) * groups + c / n.
void shuffle(std::span<const float> src, const Shape& in, int groups, std::span<float> dst);
void upsample_nearest(std::span<const float> src, const Shape& in, int factor,
                      std::span<float> dst);
/// Between the middles of pixels; what lies outside of these is the nearest one's.
void upsample_bilinear(std::span<const float> src, const Shape& in, int factor,
                       std::span<float> dst);
/// Transposed convolution, stride = kernel: weights [out channels, in.channels, kernel, kernel];
/// bias [out channels] or empty.
void deconv(std::span<const float> src, const Shape& in, std::span<const float> weights,
            std::span<const float> bias, int kernel, std::span<float> dst);
/// (x - mean) / sqrt(variance + 1e-6) over the channels of each pixel.
void layer_norm(std::span<const float> src, const Shape& in, std::span<float> dst);
/// Over the channels of each pixel.
void softmax(std::span<const float> src, const Shape& in, std::span<float> dst);
double activation(net::Activation kind, double x);

}  // namespace atto::deploy::plain
