/* In place. */
#include <stdint.h>

static void kernel_f32_leaky_relu(float *values, int32_t count) {
  int32_t i;
  for (i = 0; i < count; ++i) {
    const float x = values[i];
    values[i] = x < 0.0F ? 0.1F * x : x;
  }
}
