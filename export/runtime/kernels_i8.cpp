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
constexpr I8Kernels kPlain = {plain_conv, plain_depthwise_row};

#if defined(__x86_64__)
__attribute__((target("avx2"))) void avx2_conv(const I8Panel& panel) {
  i8::conv(panel);
}
__attribute__((target("avx2"))) void avx2_depthwise_row(const I8DepthwiseRow& row) {
  i8::depthwise_row(row);
}
constexpr I8Kernels kAvx2 = {avx2_conv, avx2_depthwise_row};
#endif

}  // namespace

const I8Kernels& i8_kernels_of(Level level) {
#if defined(__x86_64__)
  if (level == Level::Avx512Vnni || level == Level::Avx512Bf16) return i8_vnni_kernels();
  if (level != Level::Scalar) return kAvx2;
#endif
  (void)level;
  return kPlain;
}

}  // namespace atto::edge
