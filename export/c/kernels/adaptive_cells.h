#pragma once
/* Cell i of n covers the places from floor(i * side / n) to ceil((i + 1) * side / n). */
#include "helper.h"
#include "cells.h"

KERNEL_HELPER kernel_cells kernel_adaptive_cells(int32_t cell, int32_t count, int32_t side) {
  kernel_cells cells;
  cells.first = (int32_t)((int64_t)cell * side / count);
  cells.last = (int32_t)((((int64_t)cell + 1) * side + count - 1) / count);
  return cells;
}
