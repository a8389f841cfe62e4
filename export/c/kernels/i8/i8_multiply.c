/* Each factor is for `each` bytes. dst may be src. */
#include "helper.h"
#include "i8_to.h"
#include "i8_pairs.h"

typedef struct {
  int32_t zero, factors_zero;
  float factor;
  kernel_i8_to to;
  int32_t is_simple; /* as that of a layer */
} kernel_i8_scaling;

KERNEL_ENTRY void kernel_i8_multiply(const kernel_i8_scaling *scaling, const uint8_t *src, const uint8_t *factors,
                               int32_t count, int32_t each, uint8_t *dst) {
  int32_t c, i;
#ifdef KERNEL_HAS_PAIRS
  if (scaling->is_simple) {
    const int32_t offset = scaling->to.zero - 0x4B400000, zero = scaling->zero;
    const float factor = scaling->factor;
    for (c = 0; c < count; ++c) {
      const int32_t by = (int32_t)factors[c] - scaling->factors_zero;
      for (i = 0; i < each; ++i) *dst++ = kernel_byte_of_sum(((int32_t)*src++ - zero) * by, factor, offset);
    }
    return;
  }
#endif
  for (c = 0; c < count; ++c)
    for (i = 0; i < each; ++i) {
      const int32_t product = ((int32_t)*src++ - scaling->zero) * ((int32_t)factors[c] - scaling->factors_zero);
      *dst++ = kernel_i8_scaled(product, scaling->factor, &scaling->to);
    }
}
