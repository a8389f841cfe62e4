/* Bytes to what they stand for. */
#include "helper.h"
#include <stdint.h>

KERNEL_ENTRY void kernel_i8_outputs(const uint8_t *src, int32_t count, int32_t zero, float scale, float *values) {
  int32_t i;
  for (i = 0; i < count; ++i) values[i] = (float)((int32_t)src[i] - zero) * scale;
}
