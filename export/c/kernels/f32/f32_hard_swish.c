/* In place. */
#include <stdint.h>
#include "f32_hard.h"

static void kernel_f32_hard_swish(float *values, int32_t count) {
  int32_t i;
  for (i = 0; i < count; ++i) {
    const float x = values[i];
    values[i] = x * kernel_f32_hard(x);
  }
}
