#pragma once
/* Where the bytes of a tensor lie: their zero point, and what they are clamped to. */
#include <stdint.h>
#include "i8_rounding.h"

typedef struct {
  int32_t zero, low, high;
} kernel_i8_to;

static inline uint8_t kernel_i8_rounded(float x, const kernel_i8_to *to) {
  return kernel_byte(kernel_rounded(x) + to->zero, to->low, to->high);
}
