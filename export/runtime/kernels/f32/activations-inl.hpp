// Activations in float.
#if defined(ATTO_F32_ACTIVATIONS_INL) == defined(HWY_TARGET_TOGGLE)
#  ifdef ATTO_F32_ACTIVATIONS_INL
#    undef ATTO_F32_ACTIVATIONS_INL
#  else
#    define ATTO_F32_ACTIVATIONS_INL
#  endif

#  include "export/runtime/kernels/f32/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace atto::edge::HWY_NAMESPACE {

/// 1 / x within 2 ulp, x normal.
HWY_INLINE V reciprocal(V x) {
  const V one = hn::Set(D(), 1.0f);
#  if HWY_ARCH_X86                              // whose divisions take as long as ten multiply-adds
  const V near = hn::ApproximateReciprocal(x);  // 11 bits at least; 0 for what is nearly infinite
  return hn::MulAdd(near, hn::NegMulAdd(x, near, one), near);
#  else
  return hn::Div(one, x);
#  endif
}

/// e^x within 3e-7 of itself: 2^n * e^r, |r| <= ln 2 / 2, with a minimax polynomial that is within
/// 9.2e-8 (less n in two steps, which needs no fused multiply-add). What is below 1e-37 may be
/// anything as small.
HWY_INLINE V exponential(V x) {
  const D d;
  x = lower(higher(x, hn::Set(d, -87.3f)), hn::Set(d, 88.3f));
  const auto n = hn::NearestInt(hn::Mul(x, hn::Set(d, 1.44269504f)));
  const V nf = hn::ConvertTo(d, n);
  V r = hn::NegMulAdd(nf, hn::Set(d, 0.693359375f), x);
  r = hn::NegMulAdd(nf, hn::Set(d, -2.12194440e-4f), r);
  V p = hn::Set(d, 8.290273e-3f);
  for (const float c : {4.1898165e-2f, 1.6667639e-1f, 4.9999148e-1f, 9.999997e-1f, 1.0f})
    p = hn::MulAdd(p, r, hn::Set(d, c));
  const hn::RebindToSigned<D> di;
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), hn::ShiftLeft<23>(n)));
}

HWY_INLINE V sigmoid(V x) {
  return reciprocal(hn::Add(hn::Set(D(), 1.0f), exponential(hn::Neg(x))));
}

HWY_INLINE V hard_sigmoid(V x) {
  const D d;
  return clamped(hn::MulAdd(x, hn::Set(d, 1.0f / 6), hn::Set(d, 0.5f)), {0, 1});
}

HWY_INLINE V hyperbolic_tangent(V x) {
  const V one = hn::Set(D(), 1.0f);
  const V e = exponential(hn::Mul(hn::Set(D(), -2.0f), hn::Abs(x)));
  return hn::CopySign(hn::Mul(hn::Sub(one, e), reciprocal(hn::Add(one, e))), x);
}

/// erf within 1.5e-7 (Abramowitz and Stegun 7.1.26).
HWY_INLINE V error_function(V x) {
  const D d;
  const V one = hn::Set(d, 1.0f), a = hn::Abs(x);
  const V t = reciprocal(hn::MulAdd(a, hn::Set(d, 0.3275911f), one));
  V p = hn::Set(d, 1.061405429f);
  for (const float c : {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f})
    p = hn::MulAdd(p, t, hn::Set(d, c));
  return hn::CopySign(hn::NegMulAdd(hn::Mul(p, t), exponential(hn::Neg(hn::Mul(a, a))), one), x);
}

template <format::Activation A>
HWY_INLINE V activated(V x) {
  const D d;
  if constexpr (A == format::Activation::Relu) return higher(x, hn::Zero(d));
  if constexpr (A == format::Activation::Relu6) return clamped(x, {0, 6});
  if constexpr (A == format::Activation::LeakyRelu) return higher(x, hn::Mul(x, hn::Set(d, 0.1f)));
  if constexpr (A == format::Activation::Sigmoid) return sigmoid(x);
  if constexpr (A == format::Activation::HardSigmoid) return hard_sigmoid(x);
  if constexpr (A == format::Activation::Swish) return hn::Mul(x, sigmoid(x));
  if constexpr (A == format::Activation::HardSwish) return hn::Mul(x, hard_sigmoid(x));
  if constexpr (A == format::Activation::Gelu)
    return hn::Mul(hn::Mul(x, hn::Set(d, 0.5f)),
                   hn::Add(hn::Set(d, 1.0f), error_function(hn::Mul(x, hn::Set(d, 0.70710678f)))));
  if constexpr (A == format::Activation::Tanh) return hyperbolic_tangent(x);
  return x;
}

template <format::Activation A>
void activate_as(float* dst, const float* src, std::size_t count) {
  const D d;
  for (std::size_t i = 0; i < count; i += kVector)
    hn::StoreU(activated<A>(hn::LoadU(d, src + i)), d, dst + i);
}

inline void f32_activate(float* dst, const float* src, std::size_t count, format::Activation kind) {
  using A = format::Activation;
  using Kernel = void (*)(float*, const float*, std::size_t);
  static constexpr Kernel kKernels[format::kActivations] = {
      activate_as<A::None>,      activate_as<A::Relu>,      activate_as<A::Relu6>,
      activate_as<A::LeakyRelu>, activate_as<A::Sigmoid>,   activate_as<A::HardSigmoid>,
      activate_as<A::Swish>,     activate_as<A::HardSwish>, activate_as<A::Gelu>,
      activate_as<A::Tanh>};
  kKernels[static_cast<std::size_t>(kind)](dst, src, count);
}

}  // namespace atto::edge::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
