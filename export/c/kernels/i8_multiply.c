/* Each factor is for `each` bytes. dst may be src. */
#include "i8_to.h"

typedef struct {
  int32_t zero, factors_zero;
  float factor;
  kernel_i8_to to;
} kernel_i8_scaling;

static void kernel_i8_multiply(const kernel_i8_scaling *scaling, const uint8_t *src, const uint8_t *factors,
                               int32_t count, int32_t each, uint8_t *dst) {
  int32_t c, i;
  for (c = 0; c < count; ++c)
    for (i = 0; i < each; ++i) {
      const int32_t product = ((int32_t)*src++ - scaling->zero) * ((int32_t)factors[c] - scaling->factors_zero);
      *dst++ = kernel_i8_rounded(kernel_product((float)product, scaling->factor), &scaling->to);
    }
}
