/* In place. */
#include <stdint.h>

static void kernel_f32_clamp(float *values, int32_t count, float low, float high) {
  int32_t i;
  for (i = 0; i < count; ++i) {
    const float x = values[i] < low ? low : values[i];
    values[i] = x > high ? high : x;
  }
}
