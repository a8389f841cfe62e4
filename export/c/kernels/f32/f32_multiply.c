/* Each factor is for `each` values. dst may be src. */
#include <stdint.h>

static void kernel_f32_multiply(const float *src, const float *factors, int32_t count, int32_t each, float *dst) {
  int32_t c, i;
  for (c = 0; c < count; ++c)
    for (i = 0; i < each; ++i) *dst++ = *src++ * factors[c];
}
