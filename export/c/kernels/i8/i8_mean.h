#pragma once
/* The mean of a rectangle of a plane: factor is that of the scales. */
#include "helper.h"
#include "cells.h"
#include "i8_to.h"

typedef struct {
  int32_t zero;
  float factor;
  kernel_i8_to to;
} kernel_i8_mean;

/* What one of so many values counts. */
KERNEL_HELPER float kernel_i8_share(const kernel_i8_mean *mean, int32_t count) {
  volatile float cells = (float)count;
  return kernel_rounded_to_float(mean->factor / cells);
}
KERNEL_HELPER uint8_t kernel_i8_mean_byte(const kernel_i8_mean *mean, int32_t sum, int32_t count, float share) {
  return kernel_i8_rounded(kernel_product((float)(sum - count * mean->zero), share), &mean->to);
}

KERNEL_HELPER uint8_t kernel_i8_mean_of(const kernel_i8_mean *mean, const uint8_t *plane, int32_t width, kernel_cells rows,
                                 kernel_cells columns) {
  const int32_t count = (rows.last - rows.first) * (columns.last - columns.first);
  int32_t sum = 0, y, x;
  for (y = rows.first; y < rows.last; ++y)
    for (x = columns.first; x < columns.last; ++x) sum += plane[y * width + x];
  return kernel_i8_mean_byte(mean, sum, count, kernel_i8_share(mean, count));
}
