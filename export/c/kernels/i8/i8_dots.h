#pragma once
/* Two outputs of two pixels: columns [depth][4] of which two are read, two rows of weights [depth]. */
#include <stdint.h>
#include "helper.h"

KERNEL_HELPER void kernel_i8_dots(const uint8_t *columns, int32_t stride, const int8_t *weights, const int8_t *more,
                           int32_t depth, int32_t sums[2][2]) {
  int32_t a0 = 0, a1 = 0, b0 = 0, b1 = 0;
  const int8_t *end = weights + depth;
  while (weights != end) {
    const int32_t x0 = columns[0], x1 = columns[1];
    const int32_t w = *weights++, v = *more++;
    a0 += w * x0, a1 += w * x1;
    b0 += v * x0, b1 += v * x1;
    columns += stride;
  }
  sums[0][0] = a0, sums[0][1] = a1;
  sums[1][0] = b0, sums[1][1] = b1;
}
