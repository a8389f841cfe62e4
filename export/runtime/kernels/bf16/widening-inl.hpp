// bf16 in floats, for the targets that do not multiply it: a bf16 number is the upper half of a
// float.
#if defined(ATTO_BF16_INL) == defined(HWY_TARGET_TOGGLE)
#  ifdef ATTO_BF16_INL
#    undef ATTO_BF16_INL
#  else
#    define ATTO_BF16_INL
#  endif

#  include "export/runtime/kernels/f32/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace atto::edge::HWY_NAMESPACE {

using Words = hn::RebindToUnsigned<D>;

HWY_INLINE V upper_half(hn::Vec<Words> bits) {
  return hn::BitCast(D(), hn::And(bits, hn::Set(Words(), 0xffff0000U)));
}

/// The lower halves of the rounded floats are zero; what is no number stays as it is.
inline void bf16_round(void* dst, const float* src, std::size_t count, int /*interleave*/) {
  const D d;
  const Words words;
  auto* to = static_cast<float*>(dst);
  for (std::size_t i = 0; i < count; i += kVector) {
    const V value = hn::LoadU(d, src + i);
    const auto bits = hn::BitCast(words, value);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1));
    const V rounded = upper_half(hn::Add(bits, hn::Add(odd, hn::Set(words, 0x7fff))));
    hn::StoreU(hn::IfThenElse(hn::IsNaN(value), value, rounded), d, to + i);
  }
}

inline void bf16_widen(float* dst, const std::uint16_t* src, std::size_t count) {
  const D d;
  const Words words;
  for (std::size_t i = 0; i < count; i += 2 * format::kLanes, dst += format::kLanes)
    for (int v = 0; v < kVectors; ++v, dst += kVector) {
      const auto pairs =
          hn::LoadU(words, reinterpret_cast<const std::uint32_t*>(src + i) + v * kVector);
      hn::StoreU(hn::BitCast(d, hn::ShiftLeft<16>(pairs)), d, dst);
      hn::StoreU(upper_half(pairs), d, dst + format::kLanes);
    }
}

}  // namespace atto::edge::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
