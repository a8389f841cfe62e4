// Kernels over rows of pixels: activation, blending, sums, gradients. Part of kernel_bodies.hpp,
// without an include guard as it is.

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
