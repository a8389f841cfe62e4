#pragma once
/* The mean of a rectangle of a plane. */
#include "helper.h"
#include "cells.h"

KERNEL_HELPER float kernel_f32_mean(const float *plane, int32_t width, kernel_cells rows, kernel_cells columns) {
  float sum = 0;
  int32_t y, x;
  for (y = rows.first; y < rows.last; ++y)
    for (x = columns.first; x < columns.last; ++x) sum += plane[y * width + x];
  return sum / (float)((rows.last - rows.first) * (columns.last - columns.first));
}
