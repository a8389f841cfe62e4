/* dst may be either. */
#include <stdint.h>

static void kernel_f32_add(const float *a, const float *b, int32_t count, float *dst) {
  int32_t i;
  for (i = 0; i < count; ++i) dst[i] = a[i] + b[i];
}
