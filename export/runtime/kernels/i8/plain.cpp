#include "export/runtime/kernels/i8/kernels.hpp"
#include "export/runtime/kernels/i8/plain_rows.hpp"
#include "export/runtime/level.hpp"

namespace atto::edge {
namespace {

constexpr I8Kernels kPlain = {.max_pixels = 8,
                              .conv_shift = 0,
                              .conv = i8::conv,
                              .words = {},
                              .arrange_groups = nullptr,
                              .depthwise_row = i8::depthwise_row,
                              .depthwise_block = nullptr,
                              .image_row = [](const I8ImageRow& row) { i8::image_row(row); },
                              .product_row = i8::product_row,
                              .gather_row = i8::gather_row,
                              .table_row = i8::table_row,
                              .sum_row = i8::sum_row,
                              .mean = i8::mean};

}  // namespace

const I8Kernels& i8_plain_kernels() {
  return kPlain;
}

const I8Kernels& i8_kernels_of(Level level, bool fits_int32) {
#if defined(__x86_64__)
  if (fits_int32 && (level == Level::Avx512Vnni || level == Level::Avx512Bf16))
    return i8_vnni_kernels();
  if (fits_int32 && level != Level::Scalar) return i8_avx2_kernels();
#endif
#if defined(__aarch64__)
  if (fits_int32) return level == Level::NeonDotprod ? i8_dotprod_kernels() : i8_neon_kernels();
#endif
  (void)level, (void)fits_int32;
  return kPlain;
}

}  // namespace atto::edge
