/* A byte for each byte; dst may be src. */
#include "helper.h"
#include <stdint.h>

KERNEL_ENTRY void kernel_i8_table(const uint8_t *src, int32_t count, const uint8_t *table, uint8_t *dst) {
  int32_t i;
  for (i = 0; i < count; ++i) dst[i] = table[src[i]];
}
