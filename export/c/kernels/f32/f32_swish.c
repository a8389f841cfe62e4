/* In place. */
#include <stdint.h>
#include <math.h>

static void kernel_f32_swish(float *values, int32_t count) {
  int32_t i;
  for (i = 0; i < count; ++i) {
    const float x = values[i];
    values[i] = x / (1.0F + expf(-x));
  }
}
