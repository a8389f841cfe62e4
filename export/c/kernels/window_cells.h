#pragma once
/* The places that a window covers, without padding. */
#include "helper.h"
#include "cells.h"

KERNEL_HELPER kernel_cells kernel_window_cells(int32_t cell, int32_t stride, int32_t before, int32_t kernel, int32_t side) {
  kernel_cells cells;
  cells.first = cell * stride - before;
  cells.last = cells.first + kernel;
  if (cells.first < 0) cells.first = 0;
  if (cells.last > side) cells.last = side;
  return cells;
}
