#pragma once
/* Which places of a side a cell of a pool covers. */
#include <stdint.h>

typedef struct {
  int32_t first, last; /* behind the last */
} kernel_cells;
