#pragma once
/* Where the bytes of a tensor lie: their zero point, and what they are clamped to; and how sums become such bytes. */
#include <stdint.h>
#include "helper.h"
#include "i8_rounding.h"
#if (defined(__arm__) && (!defined(__ARM_FP) || defined(__SOFTFP__))) || (defined(__riscv) && !defined(__riscv_flen))
#define KERNEL_HAS_NO_FLOATS 1
#endif

typedef struct {
  int32_t zero, low, high;
} kernel_i8_to;

KERNEL_HELPER uint8_t kernel_i8_rounded(float x, const kernel_i8_to *to) {
  return kernel_byte(kernel_rounded(x) + to->zero, to->low, to->high);
}

#ifdef KERNEL_HAS_NO_FLOATS
/* The byte of sum * factor in whole numbers, for cores that compute floats by calls. The rule rounds twice on the way,
   by less than 2^-14 of a step together where a byte is not clamped anyway. So it agrees with the exact product but near
   the middle of two steps, where floats decide. */
KERNEL_HELPER uint8_t kernel_i8_scaled(int32_t sum, float factor, const kernel_i8_to *to) {
  uint32_t bits;
  int32_t shift;
  memcpy(&bits, &factor, sizeof bits);
  shift = 150 - (int32_t)(bits >> 23);
  if (shift >= 17 && shift <= 62) {
    const int64_t product = (int64_t)sum * (int32_t)((bits & 0x7FFFFF) | 0x800000);
    const int64_t places = product >> (shift - 16); /* 16 bits behind the point */
    const uint32_t behind = (uint32_t)places & 0xFFFF;
    if (places > (int64_t)512 << 16) return (uint8_t)to->high;
    if (places < -((int64_t)512 << 16)) return (uint8_t)to->low;
    if (behind < 0x8000 - 8 || behind > 0x8000 + 8)
      return kernel_byte((int32_t)((places + 0x8000) >> 16) + to->zero, to->low, to->high);
  }
  return kernel_i8_rounded(kernel_product((float)sum, factor), to);
}
#else
/* The byte of sum * factor. */
KERNEL_HELPER uint8_t kernel_i8_scaled(int32_t sum, float factor, const kernel_i8_to *to) {
  return kernel_i8_rounded(kernel_product((float)sum, factor), to);
}
#endif
