// Compiles the float kernels once per target and lists them.
#include "export/runtime/kernels/f32/kernels.hpp"

// Sanitized builds would check table indices with functions of its library, which is not linked.
#define HWY_IS_DEBUG_BUILD 0
// Vectors of no fixed size (SVE) cannot be elements of arrays.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_SSE4 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "export/runtime/kernels/f32/targets.cpp"
#include <hwy/foreach_target.h>
// The order of the next lines is Highway's: foreach_target first.
#include "export/runtime/kernels/bf16/widening-inl.hpp"
#include "export/runtime/kernels/f32/activations-inl.hpp"
#include "export/runtime/kernels/f32/conv-inl.hpp"
#include "export/runtime/kernels/f32/elementwise-inl.hpp"
#include "export/runtime/kernels/f32/grouped-inl.hpp"
#include "export/runtime/kernels/f32/moves-inl.hpp"
#include "export/runtime/kernels/f32/winograd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace atto::edge::HWY_NAMESPACE {

extern const Kernels kKernels;
const Kernels kKernels = {.max_pixels = kMaxPixels,
                          .panel_blocks = kPanelBlocks,
                          .conv = f32_conv,
                          .bf16_round = bf16_round,
                          .bf16_conv = nullptr,
                          .bf16_widen = bf16_widen,
                          .grouped_row = f32_grouped_row,
                          .bf16_grouped_row = nullptr,
                          .winograd_source = winograd_source,
                          .winograd_output = winograd_output,
                          .pool_row = f32_pool_row,
                          .mean = f32_mean,
                          .activate = f32_activate,
                          .add = f32_add,
                          .multiply = f32_multiply,
                          .scale = f32_scale,
                          .move_lanes = f32_move_lanes};

}  // namespace atto::edge::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace atto::edge {

const Kernels& f32_first_kernels() {
  return HWY_NAMESPACE::kKernels;
}
#  if HWY_ARCH_X86
const Kernels& f32_avx2_kernels() {
  return N_AVX2::kKernels;
}
const Kernels& f32_avx512_kernels() {
  return N_AVX3::kKernels;
}
#  endif

}  // namespace atto::edge
#endif
