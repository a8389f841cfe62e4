// Kernels of the depthwise convolution. Part of kernel_bodies.hpp, without an include guard as it
// is.

/// kPixels neighbouring outputs share each weight that is loaded.
template <int kPixels>
inline void depthwise_pixels(const DepthwiseBlock& b, const float* src, const float* weights,
                             const DepthwiseRow& out, float* dst, F16& total, F16& square) {
  F16 sums[kPixels];
  for (int i = 0; i < kPixels; ++i) sums[i] = splat(0);
  const std::ptrdiff_t step = std::ptrdiff_t{b.stride} * kLanes;
  for (int ky = 0; ky < b.kernel; ++ky, src += b.src_pitch * kLanes)
    for (int kx = 0; kx < b.kernel; ++kx, weights += kLanes) {
      const F16 w = load(weights);
      for (int i = 0; i < kPixels; ++i)
        sums[i] = fma(load(src + kx * kLanes + i * step), w, sums[i]);
    }
  for (int i = 0; i < kPixels; ++i, dst += out.stride) {
    if (out.channels < kLanes)
      store(dst, out.channels, sums[i]);
    else if (out.streams)
      stream(dst, sums[i]);
    else
      store(dst, sums[i]);
    total = total + sums[i];
    square = fma(sums[i], sums[i], square);
  }
}

void depthwise(const DepthwiseBlock& b, const float* weights, const DepthwiseRow& out) {
  constexpr int kWide = 8;
  F16 total = splat(0), square = splat(0);
  const std::ptrdiff_t step = std::ptrdiff_t{b.stride} * kLanes;
  int x = 0;
  for (; x + kWide <= b.width; x += kWide)
    depthwise_pixels<kWide>(b, b.src + x * step, weights, out, out.dst + x * out.stride, total,
                            square);
  for (; x + 2 <= b.width; x += 2)
    depthwise_pixels<2>(b, b.src + x * step, weights, out, out.dst + x * out.stride, total, square);
  for (; x < b.width; ++x)
    depthwise_pixels<1>(b, b.src + x * step, weights, out, out.dst + x * out.stride, total, square);
  if (!out.sums) return;
  store(out.sums, load(out.sums) + total);
  store(out.squares, load(out.squares) + square);
}

/// One row of the kernel: kTaps sums in registers while x runs.
template <int kTaps>
inline void slope_row(const DepthwiseBlock& b, const float* src, const float* d,
                      std::ptrdiff_t d_step, int kx, float* slopes) {
  F16 sums[kTaps];
  for (int t = 0; t < kTaps; ++t) sums[t] = load(slopes + (kx + t) * kLanes);
  const std::ptrdiff_t step = std::ptrdiff_t{b.stride} * kLanes;
  src += kx * kLanes;
  for (int x = 0; x < b.width; ++x, src += step, d += d_step * kLanes) {
    const F16 share = load(d);
    for (int t = 0; t < kTaps; ++t) sums[t] = fma(load(src + t * kLanes), share, sums[t]);
  }
  for (int t = 0; t < kTaps; ++t) store(slopes + (kx + t) * kLanes, sums[t]);
}

/// The whole 3 x 3 kernel in registers while one row of the picture runs.
inline void slope_square3(const DepthwiseBlock& b, const float* src, const float* d,
                          std::ptrdiff_t d_step, float* slopes) {
  F16 sums[9];
  for (int t = 0; t < 9; ++t) sums[t] = load(slopes + t * kLanes);
  const std::ptrdiff_t step = std::ptrdiff_t{b.stride} * kLanes, pitch = b.src_pitch * kLanes;
  for (int x = 0; x < b.width; ++x, src += step, d += d_step * kLanes) {
    const F16 share = load(d);
#pragma GCC unroll 3
    for (int ky = 0; ky < 3; ++ky)
#pragma GCC unroll 3
      for (int kx = 0; kx < 3; ++kx)
        sums[3 * ky + kx] = fma(load(src + ky * pitch + kx * kLanes), share, sums[3 * ky + kx]);
  }
  for (int t = 0; t < 9; ++t) store(slopes + t * kLanes, sums[t]);
}

void depthwise_slopes(const DepthwiseBlock& b, const float* d, std::ptrdiff_t d_step,
                      float* slopes) {
  if (b.kernel == 3) return slope_square3(b, b.src, d, d_step, slopes);
  for (int ky = 0; ky < b.kernel; ++ky) {
    const float* row = b.src + ky * b.src_pitch * kLanes;
    float* to = slopes + std::ptrdiff_t{ky} * b.kernel * kLanes;
    int kx = 0;
    for (; kx + 5 <= b.kernel; kx += 5) slope_row<5>(b, row, d, d_step, kx, to);
    for (; kx < b.kernel; ++kx) slope_row<1>(b, row, d, d_step, kx, to);
  }
}
