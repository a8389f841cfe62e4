#pragma once
/* The float arithmetic of int8: every product and sum is rounded by itself. A compiler may contract or reorder what
   it sees; so it sees each value anew. */
#include <stdint.h>
#include "helper.h"
#include <string.h>
#if defined(__GNUC__) && defined(__arm__) && defined(__ARM_FP) && !defined(__SOFTFP__)
#define KERNEL_SEEN(x) __asm__("" : "+t"(x))
#elif defined(__GNUC__) && defined(__aarch64__)
#define KERNEL_SEEN(x) __asm__("" : "+w"(x))
#elif defined(__GNUC__) && defined(__SSE2__)
#define KERNEL_SEEN(x) __asm__("" : "+x"(x))
#elif defined(__GNUC__) && defined(__riscv_flen)
#define KERNEL_SEEN(x) __asm__("" : "+f"(x))
#endif

KERNEL_HELPER float kernel_rounded_to_float(float x) {
#ifdef KERNEL_SEEN
  KERNEL_SEEN(x);
  return x;
#else
  volatile float seen = x;
  return seen;
#endif
}

KERNEL_HELPER float kernel_product(float a, float b) { return kernel_rounded_to_float(a * b); }

/* The nearest whole number, ties to even; 1024 or -1024 for what lies beyond. 12582912 is 1.5 * 2^23: a sum with it
   has no bits behind the point. */
KERNEL_HELPER int32_t kernel_rounded(float x) {
  float sum;
  int32_t bits;
  x = x > 1024.0F ? 1024.0F : x;
  x = x < -1024.0F ? -1024.0F : x;
  sum = kernel_rounded_to_float(kernel_rounded_to_float(x) + 12582912.0F);
  memcpy(&bits, &sum, sizeof bits);
  return bits - 0x4B400000;
}

KERNEL_HELPER uint8_t kernel_byte(int32_t q, int32_t low, int32_t high) {
  q = q < low ? low : q;
  return (uint8_t)(q > high ? high : q);
}
