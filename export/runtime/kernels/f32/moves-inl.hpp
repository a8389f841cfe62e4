// Moves of lanes between blocks, in float.
#if defined(ATTO_F32_MOVES_INL) == defined(HWY_TARGET_TOGGLE)
#  ifdef ATTO_F32_MOVES_INL
#    undef ATTO_F32_MOVES_INL
#  else
#    define ATTO_F32_MOVES_INL
#  endif

#  include "export/runtime/kernels/f32/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace atto::edge::HWY_NAMESPACE {

/// Vector `to` of the output's block takes what is in vector `from` of the source's; returns
/// whether that is anything.
inline bool move_vector(const LaneMove& move, int from, int to, bool begins) {
  const D d;
  const hn::RebindToSigned<D> di;
  const auto lanes = hn::Sub(hn::LoadU(di, move.lanes + to * kVector), hn::Set(di, from * kVector));
  const auto is_there =
      hn::And(hn::Gt(lanes, hn::Set(di, -1)), hn::Lt(lanes, hn::Set(di, kVector)));
  if (hn::AllFalse(di, is_there)) return false;
  const auto indices = hn::IndicesFromVec(d, hn::IfThenElseZero(is_there, lanes));
  const auto mask = hn::RebindMask(d, is_there);
  const float* src = move.src + from * kVector;
  float* dst = move.dst + to * kVector;
  for (int x = 0; x < move.width; ++x, src += format::kLanes, dst += format::kLanes) {
    const V others = begins ? hn::Zero(d) : hn::LoadU(d, dst);
    const V moved = hn::TableLookupLanes(hn::LoadU(d, src), indices);
    hn::StoreU(hn::IfThenElse(mask, moved, others), d, dst);
  }
  return true;
}

inline void f32_move_lanes(const LaneMove& move) {
  const D d;
  for (int to = 0; to < kVectors; ++to) {
    bool begins = move.begins;
    for (int from = 0; from < kVectors; ++from)
      if (move_vector(move, from, to, begins)) begins = false;
    if (!begins) continue;
    float* dst = move.dst + to * kVector;
    for (int x = 0; x < move.width; ++x) hn::StoreU(hn::Zero(d), d, dst + x * format::kLanes);
  }
}

}  // namespace atto::edge::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
