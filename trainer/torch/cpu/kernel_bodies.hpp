// The kernels, written once over a vector of 16 lanes. Included by one file per instruction set
// inside its namespace and target pragma, after `F16` and its operations, kTileRows and
// kTileVectors:
//   load(p) store(p, v) stream(p, v) load(p, n) store(p, n, v) splat(f) a + b, a - b, a * b, fma(a,
//   b, c) = a * b + c max(a, b) min(a, b) pick(a, b, x, y) = a > b ? x : y
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

/// Rows are walked in pieces, all channels of a piece before the next: memory is read nearly in
/// order, and the constants of a block of channels are loaded once a piece.
constexpr int kPiece = 16;
template <class Body>
inline void in_row_pieces(int rows, const Body& body) {
  for (int row = 0; row < rows; row += kPiece) body(row, rows - row < kPiece ? rows - row : kPiece);
}
inline Rows from(Rows rows, int row) {
  return {rows.at + row * rows.stride, rows.stride};
}

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
      adds ? activate_rows<kAct, true>(from(src, row), count, channels, affine,
                                       dst + row * dst_stride, dst_stride)
           : activate_rows<kAct, false>(from(src, row), count, channels, affine,
                                        dst + row * dst_stride, dst_stride);
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

inline void blend_rows(Rows grad, Rows raw, int rows, int channels, const float* by_grad,
                       const float* by_raw, const float* constant, float* dst,
                       std::ptrdiff_t dst_stride) {
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
    blend_rows(from(grad, row), from(raw, row), count, channels, by_grad, by_raw, constant,
               dst + row * dst_stride, dst_stride);
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
  for (int v = 0; v < kVectors; ++v) {
    const int lanes = p.n_valid - column - v * kLanes;
    float* to = p.dst + row * p.dst_row + column + v * kLanes;
    for (int i = 0; i < kRows; ++i, to += p.dst_row) {
      if (lanes < kLanes)
        store(to, lanes, p.adds ? load(to, lanes) + sum[i][v] : sum[i][v]);
      else if (p.streams)
        stream(to, sum[i][v]);
      else
        store(to, p.adds ? load(to) + sum[i][v] : sum[i][v]);
    }
    if (!p.sums) continue;
    F16 total = splat(0), square = splat(0);
    for (int i = 0; i < kRows; ++i) {
      total = total + sum[i][v];
      square = fma(sum[i][v], sum[i][v], square);
    }
    float* const totals = p.sums + column + v * kLanes;
    float* const squares = p.squares + column + v * kLanes;
    store(totals, load(totals) + total);
    store(squares, load(squares) + square);
  }
}

/// Fetches a share of what is ahead with every tile: all at once would block the loads of the
/// product.
struct Fetcher {
  explicit Fetcher(const Product& p)
      : first(p.ahead[0].at),
        second(p.ahead[1].at),
        first_left(p.ahead[0].lines),
        second_left(p.ahead[1].lines) {
    const int across = kTileVectors * kLanes;
    const int tiles = ((p.m + kTileRows - 1) / kTileRows) * ((p.n_valid + across - 1) / across);
    first_step = (first_left + tiles - 1) / tiles;
    second_step = (second_left + tiles - 1) / tiles;
  }
  void step() {
    for (int i = 0; i < first_step && first_left > 0; ++i, --first_left, first += kLanes)
      __builtin_prefetch(first, 0, 2);
    for (int i = 0; i < second_step && second_left > 0; ++i, --second_left, second += kLanes)
      __builtin_prefetch(second, 0, 2);
  }
  const float *first, *second;
  int first_left, second_left, first_step, second_step;
};

template <int kVectors>
inline void tile_column(const Product& p, int column, Fetcher& fetcher) {
  int row = 0;
  for (; row + kTileRows <= p.m; row += kTileRows) {
    fetcher.step();
    tile<kTileRows, kVectors>(p, row, column);
  }
  if constexpr (kTileRows > 4)
    for (; row + 4 <= p.m; row += 4) tile<4, kVectors>(p, row, column);
  for (; row < p.m; ++row) tile<1, kVectors>(p, row, column);
}

void multiply(const Product& p) {
  Fetcher fetcher(p);
  int column = 0;
  for (; column + (kTileVectors - 1) * kLanes < p.n_valid; column += kTileVectors * kLanes)
    tile_column<kTileVectors>(p, column, fetcher);
  for (; column < p.n_valid; column += kLanes) tile_column<1>(p, column, fetcher);
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
  in_row_pieces(
      rows, [&](int row, int count) { sum_rows(from(src, row), count, channels, sums, squares); });
}

/// One block of channels of the last reader's share.
template <net::Activation kAct, bool kWhole, bool kIsFirst>
inline void finish_block(const Contribution& p, int first_row, int rows, int c, int lanes) {
  const auto read = [lanes](const float* at) { return kWhole ? load(at) : load(at, lanes); };
  const F16 scale = read(p.affine.scale + c), shift = read(p.affine.shift + c),
            mean = read(p.mean + c);
  F16 total = splat(0), product = splat(0);
  const float *d = p.d.at + first_row * p.d.stride + c,
              *x = p.raw.at + first_row * p.raw.stride + c;
  float* to = p.gradient + first_row * p.raw.stride + c;
  for (int r = 0; r < rows; ++r, d += p.d.stride, x += p.raw.stride, to += p.raw.stride) {
    const F16 v = read(x);
    F16 g = read(d);
    if (!kIsFirst) g = g + read(to);
    g = g * slope_of<kAct>(fma(v, scale, shift));
    total = total + g;
    product = fma(g, v - mean, product);
    if (!kWhole)
      store(to, lanes, g);
    else if (kIsFirst && p.streams)
      stream(to, g);
    else
      store(to, g);
  }
  store(p.sums + c, load(p.sums + c) + total);
  store(p.products + c, load(p.products + c) + product);
}

struct FinishCall {
  const Contribution& p;
  template <net::Activation kAct>
  void operator()() const {
    in_row_pieces(p.rows, [&](int row, int count) {
      for (int c = 0; c < p.channels; c += kLanes) {
        const int lanes = p.channels - c < kLanes ? p.channels - c : kLanes;
        if (lanes < kLanes)
          p.is_first ? finish_block<kAct, false, true>(p, row, count, c, lanes)
                     : finish_block<kAct, false, false>(p, row, count, c, lanes);
        else
          p.is_first ? finish_block<kAct, true, true>(p, row, count, c, lanes)
                     : finish_block<kAct, true, false>(p, row, count, c, lanes);
      }
    });
  }
};

void contribute(const Contribution& p) {
  if (p.is_last) return with_activation(p.affine.act, FinishCall{p});
  for (int r = 0; r < p.rows; ++r)
    for (int c = 0; c < p.channels; c += kLanes) {
      const int lanes = p.channels - c < kLanes ? p.channels - c : kLanes;
      float* const to = p.gradient + r * p.raw.stride + c;
      const F16 share = load(p.d.at + r * p.d.stride + c, lanes);
      store(to, lanes, p.is_first ? share : load(to, lanes) + share);
    }
}

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

constexpr Kernels make_table(std::string_view name) {
  return {name, activate,   add_activated, blend,           multiply,
          sum,  contribute, depthwise,     depthwise_slopes};
}
