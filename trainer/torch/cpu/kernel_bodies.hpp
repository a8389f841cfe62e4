// The kernels, written once over a vector of 16 lanes. Included by one file per instruction set
// inside its namespace and target pragma, after `F16` and its operations, kTileRows and
// kTileVectors:
//   load(p) store(p, v) load(p, n) store(p, n, v) splat(f) a + b, a - b, a * b, fma(a, b, c) = a *
//   b + c max(a, b) min(a, b) pick(a, b, x, y) = a > b ? x : y
// No include guard: it is included once by each.

template <net::Activation kAct>
inline F16 value_of(F16 x) {
  if constexpr (kAct == net::Activation::Relu) return max(x, splat(0));
  if constexpr (kAct == net::Activation::Relu6) return min(max(x, splat(0)), splat(6));
  if constexpr (kAct == net::Activation::LeakyRelu) return max(x, x * splat(0.1F));
  if constexpr (kAct == net::Activation::HardSigmoid || kAct == net::Activation::HardSwish) {
    const F16 gate = min(max(fma(x, splat(1.0F / 6), splat(0.5F)), splat(0)), splat(1));
    return kAct == net::Activation::HardSigmoid ? gate : x * gate;
  }
  return x;
}

template <net::Activation kAct>
inline F16 slope_of(F16 x) {
  const F16 zero = splat(0), one = splat(1);
  if constexpr (kAct == net::Activation::Relu) return pick(x, zero, one, zero);
  if constexpr (kAct == net::Activation::Relu6)
    return pick(x, zero, pick(splat(6), x, one, zero), zero);
  if constexpr (kAct == net::Activation::LeakyRelu) return pick(x, zero, one, splat(0.1F));
  if constexpr (kAct == net::Activation::HardSigmoid)
    return pick(x, splat(-3), pick(splat(3), x, splat(1.0F / 6), zero), zero);
  if constexpr (kAct == net::Activation::HardSwish)
    return pick(x, splat(-3), pick(splat(3), x, fma(x, splat(1.0F / 3), splat(0.5F)), one), zero);
  return one;
}

/// Calls body with the activation as a compile-time constant.
template <class Body>
inline void with_activation(net::Activation act, Body body) {
  switch (act) {
    case net::Activation::Relu:
      return body.template operator()<net::Activation::Relu>();
    case net::Activation::Relu6:
      return body.template operator()<net::Activation::Relu6>();
    case net::Activation::LeakyRelu:
      return body.template operator()<net::Activation::LeakyRelu>();
    case net::Activation::HardSigmoid:
      return body.template operator()<net::Activation::HardSigmoid>();
    case net::Activation::HardSwish:
      return body.template operator()<net::Activation::HardSwish>();
    default:
      return body.template operator()<net::Activation::None>();
  }
}

template <net::Activation kAct, bool kAdds>
void activate_rows(Rows src, int rows, int channels, const Affine& affine, float* dst,
                   std::ptrdiff_t dst_stride) {
  for (int c = 0; c < channels; c += kLanes) {
    const int lanes = channels - c < kLanes ? channels - c : kLanes;
    const F16 scale = load(affine.scale + c, lanes), shift = load(affine.shift + c, lanes);
    const float* from = src.at + c;
    float* to = dst + c;
    if (lanes == kLanes) {
      for (int r = 0; r < rows; ++r, from += src.stride, to += dst_stride) {
        const F16 v = value_of<kAct>(fma(load(from), scale, shift));
        store(to, kAdds ? load(to) + v : v);
      }
    } else {
      for (int r = 0; r < rows; ++r, from += src.stride, to += dst_stride) {
        const F16 v = value_of<kAct>(fma(load(from, lanes), scale, shift));
        store(to, lanes, kAdds ? load(to, lanes) + v : v);
      }
    }
  }
}

/// Rows are walked in pieces, all channels of a piece before the next: memory is read nearly in order, and
/// the constants of a block of channels are loaded once a piece.
constexpr int kPiece = 16;
template <class Body>
inline void in_row_pieces(int rows, const Body& body) {
  for (int row = 0; row < rows; row += kPiece) body(row, rows - row < kPiece ? rows - row : kPiece);
}
inline Rows from(Rows rows, int row) { return {rows.at + row * rows.stride, rows.stride}; }

struct ActivateCall {
  Rows src;
  int rows, channels;
  const Affine& affine;
  float* dst;
  std::ptrdiff_t dst_stride;
  bool adds;
  template <net::Activation kAct>
  void operator()() const {
    in_row_pieces(rows, [&](int row, int count) {
      adds ? activate_rows<kAct, true>(from(src, row), count, channels, affine, dst + row * dst_stride, dst_stride)
           : activate_rows<kAct, false>(from(src, row), count, channels, affine, dst + row * dst_stride, dst_stride);
    });
  }
};

void activate(Rows src, int rows, int channels, const Affine& affine, float* dst,
              std::ptrdiff_t dst_stride) {
  with_activation(affine.act, ActivateCall{src, rows, channels, affine, dst, dst_stride, false});
}

void add_activated(Rows src, int rows, int channels, const Affine& affine, float* dst,
                   std::ptrdiff_t dst_stride) {
  with_activation(affine.act, ActivateCall{src, rows, channels, affine, dst, dst_stride, true});
}

inline void blend_rows(Rows grad, Rows raw, int rows, int channels, const float* by_grad, const float* by_raw,
           const float* constant, float* dst, std::ptrdiff_t dst_stride) {
  for (int c = 0; c < channels; c += kLanes) {
    const int lanes = channels - c < kLanes ? channels - c : kLanes;
    const F16 a = load(by_grad + c, lanes), b = load(by_raw + c, lanes),
              k = load(constant + c, lanes);
    const float *g = grad.at + c, *x = raw.at + c;
    float* to = dst + c;
    if (lanes == kLanes) {
      for (int r = 0; r < rows; ++r, g += grad.stride, x += raw.stride, to += dst_stride)
        store(to, fma(load(g), a, fma(load(x), b, k)));
    } else {
      for (int r = 0; r < rows; ++r, g += grad.stride, x += raw.stride, to += dst_stride)
        store(to, lanes, fma(load(g, lanes), a, fma(load(x, lanes), b, k)));
    }
  }
}

void blend(Rows grad, Rows raw, int rows, int channels, const float* by_grad, const float* by_raw,
           const float* constant, float* dst, std::ptrdiff_t dst_stride) {
  in_row_pieces(rows, [&](int row, int count) {
    blend_rows(from(grad, row), from(raw, row), count, channels, by_grad, by_raw, constant, dst + row * dst_stride,
               dst_stride);
  });
}

/// kRows x (kVectors * 16) results in registers.
template <int kRows, int kVectors>
inline void tile(const Product& p, int row, int column) {
  F16 sum[kRows][kVectors];
  for (int i = 0; i < kRows; ++i)
    for (int v = 0; v < kVectors; ++v) sum[i][v] = splat(0);
  const float* a = p.a + row * p.a_row;
  const float* b = p.b + column;
  for (int k = 0; k < p.k; ++k, a += p.a_step, b += p.b_step) {
    F16 right[kVectors];
    for (int v = 0; v < kVectors; ++v) right[v] = load(b + v * kLanes);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const F16 left = splat(a[i * p.a_row]);
      for (int v = 0; v < kVectors; ++v) sum[i][v] = fma(left, right[v], sum[i][v]);
    }
  }
  for (int i = 0; i < kRows; ++i)
    for (int v = 0; v < kVectors; ++v) {
      const int lanes = p.n_valid - column - v * kLanes;
      float* const to = p.dst + (row + i) * p.dst_row + column + v * kLanes;
      if (lanes >= kLanes)
        store(to, p.adds ? load(to) + sum[i][v] : sum[i][v]);
      else
        store(to, lanes, p.adds ? load(to, lanes) + sum[i][v] : sum[i][v]);
    }
}

template <int kVectors>
inline void tile_column(const Product& p, int column) {
  int row = 0;
  for (; row + kTileRows <= p.m; row += kTileRows) tile<kTileRows, kVectors>(p, row, column);
  if constexpr (kTileRows > 4)
    for (; row + 4 <= p.m; row += 4) tile<4, kVectors>(p, row, column);
  for (; row < p.m; ++row) tile<1, kVectors>(p, row, column);
}

void multiply(const Product& p) {
  int column = 0;
  for (; column + (kTileVectors - 1) * kLanes < p.n_valid; column += kTileVectors * kLanes)
    tile_column<kTileVectors>(p, column);
  for (; column < p.n_valid; column += kLanes) tile_column<1>(p, column);
}

inline void sum_rows(Rows src, int rows, int channels, float* sums, float* squares) {
  for (int c = 0; c < channels; c += kLanes) {
    const int lanes = channels - c < kLanes ? channels - c : kLanes;
    F16 first = splat(0), second = splat(0);
    const float* x = src.at + c;
    for (int r = 0; r < rows; ++r, x += src.stride) {
      const F16 v = lanes == kLanes ? load(x) : load(x, lanes);
      first = first + v;
      second = fma(v, v, second);
    }
    store(sums + c, lanes, load(sums + c, lanes) + first);
    store(squares + c, lanes, load(squares + c, lanes) + second);
  }
}

void sum(Rows src, int rows, int channels, float* sums, float* squares) {
  in_row_pieces(rows, [&](int row, int count) { sum_rows(from(src, row), count, channels, sums, squares); });
}

template <net::Activation kAct>
void finish_rows(Rows d, bool is_first, float* grad, Rows raw, int rows, int channels,
                 const Affine& affine, const float* mean, float* sums, float* products) {
  for (int c = 0; c < channels; c += kLanes) {
    const int lanes = channels - c < kLanes ? channels - c : kLanes;
    const F16 scale = load(affine.scale + c, lanes), shift = load(affine.shift + c, lanes),
              m = load(mean + c, lanes);
    F16 total = splat(0), product = splat(0);
    const float *from = d.at + c, *x = raw.at + c;
    float* to = grad + c;
    for (int r = 0; r < rows; ++r, from += d.stride, x += raw.stride, to += raw.stride) {
      const bool whole = lanes == kLanes;
      F16 g = whole ? load(from) : load(from, lanes);
      if (!is_first) g = g + (whole ? load(to) : load(to, lanes));
      const F16 v = whole ? load(x) : load(x, lanes);
      g = g * slope_of<kAct>(fma(v, scale, shift));
      total = total + g;
      product = fma(g, v - m, product);
      whole ? store(to, g) : store(to, lanes, g);
    }
    store(sums + c, lanes, load(sums + c, lanes) + total);
    store(products + c, lanes, load(products + c, lanes) + product);
  }
}

struct FinishCall {
  Rows d;
  bool is_first;
  float* grad;
  Rows raw;
  int rows, channels;
  const Affine& affine;
  const float* mean;
  float *sums, *products;
  template <net::Activation kAct>
  void operator()() const {
    in_row_pieces(rows, [&](int row, int count) {
      finish_rows<kAct>(from(d, row), is_first, grad + row * raw.stride, from(raw, row), count, channels, affine, mean,
                        sums, products);
    });
  }
};

void contribute(Rows d, bool is_first, bool is_last, float* grad, Rows raw, int rows, int channels,
                const Affine& affine, const float* mean, float* sums, float* products) {
  if (is_last) {
    with_activation(affine.act, FinishCall{d, is_first, grad, raw, rows, channels, affine, mean,
                                           sums, products});
    return;
  }
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < channels; c += kLanes) {
      const int lanes = channels - c < kLanes ? channels - c : kLanes;
      float* const to = grad + r * raw.stride + c;
      const F16 share = load(d.at + r * d.stride + c, lanes);
      store(to, lanes, is_first ? share : load(to, lanes) + share);
    }
}

/// kPixels neighbouring outputs share each weight that is loaded.
template <int kPixels>
inline void depthwise_pixels(const DepthwiseBlock& b, const float* src, const float* weights,
                             int channels, float* dst, std::ptrdiff_t dst_stride) {
  F16 sums[kPixels];
  for (int i = 0; i < kPixels; ++i) sums[i] = splat(0);
  const std::ptrdiff_t step = std::ptrdiff_t{b.stride} * kLanes;
  for (int ky = 0; ky < b.kernel; ++ky, src += b.src_pitch * kLanes)
    for (int kx = 0; kx < b.kernel; ++kx, weights += kLanes) {
      const F16 w = load(weights);
      for (int i = 0; i < kPixels; ++i)
        sums[i] = fma(load(src + kx * kLanes + i * step), w, sums[i]);
    }
  for (int i = 0; i < kPixels; ++i)
    channels == kLanes ? store(dst + i * dst_stride, sums[i])
                       : store(dst + i * dst_stride, channels, sums[i]);
}

void depthwise(const DepthwiseBlock& b, const float* weights, int channels, float* dst,
               std::ptrdiff_t dst_stride, std::ptrdiff_t dst_pitch) {
  constexpr int kWide = 6;
  for (int y = 0; y < b.height; ++y) {
    const float* src = b.src + y * b.stride * b.src_pitch * kLanes;
    float* to = dst + y * dst_pitch;
    int x = 0;
    for (; x + kWide <= b.width; x += kWide)
      depthwise_pixels<kWide>(b, src + std::ptrdiff_t{x} * b.stride * kLanes, weights, channels,
                              to + x * dst_stride, dst_stride);
    for (; x < b.width; ++x)
      depthwise_pixels<1>(b, src + std::ptrdiff_t{x} * b.stride * kLanes, weights, channels,
                          to + x * dst_stride, dst_stride);
  }
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

void depthwise_slopes(const DepthwiseBlock& b, const float* d, std::ptrdiff_t d_pitch,
                      std::ptrdiff_t d_step, float* slopes) {
  for (int y = 0; y < b.height; ++y) {
    const float* src = b.src + y * b.stride * b.src_pitch * kLanes;
    const float* from = d + y * d_pitch * kLanes;
    if (b.kernel == 3) {
      slope_square3(b, src, from, d_step, slopes);
      continue;
    }
    for (int ky = 0; ky < b.kernel; ++ky) {
      const float* row = src + ky * b.src_pitch * kLanes;
      float* to = slopes + std::ptrdiff_t{ky} * b.kernel * kLanes;
      int kx = 0;
      for (; kx + 5 <= b.kernel; kx += 5) slope_row<5>(b, row, from, d_step, kx, to);
      for (; kx < b.kernel; ++kx) slope_row<1>(b, row, from, d_step, kx, to);
    }
  }
}

constexpr Kernels make_table(std::string_view name) {
  return {name, activate,   add_activated, blend,           multiply,
          sum,  contribute, depthwise,     depthwise_slopes};
}
