#include "export/runtime/kernels_i8.hpp"

#include "export/runtime/i8_plain.hpp"
#include "export/runtime/level.hpp"

namespace atto::edge {
namespace {

void plain_conv(const I8Panel& panel) {
  i8::conv(panel);
}
void plain_depthwise_row(const I8DepthwiseRow& row) {
  i8::depthwise_row(row);
}
void plain_image_row(const I8ImageRow& row) {
  i8::image_row(row);
}
void plain_product_row(const I8ProductRow& row) {
  i8::product_row(row);
}
void plain_gather_row(const I8GatheredRow& row) {
  i8::gather_row(row);
}
void plain_table_row(const I8TableRow& row) {
  i8::table_row(row);
}
void plain_sum_row(const I8SumRow& row) {
  i8::sum_row(row);
}
void plain_mean(const I8MeanCell& cell) {
  i8::mean(cell);
}
constexpr I8Kernels kPlain = {8,
                              0,
                              plain_conv,
                              {},
                              plain_depthwise_row,
                              plain_image_row,
                              plain_product_row,
                              plain_gather_row,
                              plain_table_row,
                              plain_sum_row,
                              plain_mean};

}  // namespace

const I8Kernels& i8_plain_kernels() {
  return kPlain;
}

const I8Kernels& i8_kernels_of(Level level, bool is_tame) {
#if defined(__x86_64__)
  if (is_tame && (level == Level::Avx512Vnni || level == Level::Avx512Bf16))
    return i8_vnni_kernels();
  if (is_tame && level != Level::Scalar) return i8_avx2_kernels();
#endif
#if defined(__aarch64__)
  if (is_tame) return level == Level::NeonDotprod ? i8_dotprod_kernels() : i8_neon_kernels();
#endif
  (void)level, (void)is_tame;
  return kPlain;
}

}  // namespace atto::edge
