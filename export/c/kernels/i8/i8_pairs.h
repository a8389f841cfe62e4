#pragma once
/* Cores with SMLAD: two products of 16 bits and their sum at once. */
#include <stdint.h>
#include "helper.h"
#include <string.h>
#if defined(__GNUC__) && defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && !defined(__SOFTFP__)
#include <arm_acle.h>
#define KERNEL_HAS_PAIRS 1
/* A loop that needs all registers. */
#define KERNEL_APART __attribute__((noinline))

/* Bytes 0 and 2 of a word, or 1 and 3, as pairs. */
KERNEL_HELPER uint32_t kernel_even_bytes(uint32_t word) {
  uint32_t pair;
  __asm__("uxtb16 %0, %1" : "=r"(pair) : "r"(word));
  return pair;
}
KERNEL_HELPER uint32_t kernel_odd_bytes(uint32_t word) {
  uint32_t pair;
  __asm__("uxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
  return pair;
}
KERNEL_HELPER uint32_t kernel_even_signed(uint32_t word) {
  uint32_t pair;
  __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(word));
  return pair;
}
KERNEL_HELPER uint32_t kernel_odd_signed(uint32_t word) {
  uint32_t pair;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
  return pair;
}
/* The lower halves of two pairs, and their upper ones. */
KERNEL_HELPER uint32_t kernel_lower(uint32_t first, uint32_t second) {
  uint32_t pair;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(first), "r"(second));
  return pair;
}
KERNEL_HELPER uint32_t kernel_upper(uint32_t first, uint32_t second) {
  uint32_t pair;
  __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(second), "r"(first));
  return pair;
}
KERNEL_HELPER uint32_t kernel_word(const void *from) {
  uint32_t word;
  memcpy(&word, from, 4);
  return word;
}
KERNEL_HELPER int32_t kernel_plus_products(uint32_t a, uint32_t b, int32_t sum) {
  return __smlad((int16x2_t)a, (int16x2_t)b, sum);
}

/* As kernel_i8_finished() of a layer whose results the magic number holds and whose bytes take the whole range:
   offset is its zero point less the magic number's bits. */
KERNEL_HELPER uint8_t kernel_byte_of_sum(int32_t sum, float factor, int32_t offset) {
  float x = (float)sum * factor;
  int32_t bits;
  KERNEL_SEEN(x);
  x += 12582912.0F;
  memcpy(&bits, &x, sizeof bits);
  return (uint8_t)__usat(bits + offset, 8);
}
KERNEL_HELPER uint8_t kernel_byte_of_joined(int32_t sum, float factor, int32_t offset, int32_t residual, float join) {
  float x = (float)sum * factor, y = (float)residual * join;
  int32_t bits;
  KERNEL_SEEN(x);
  KERNEL_SEEN(y);
  x += y;
  KERNEL_SEEN(x);
  x += 12582912.0F;
  memcpy(&bits, &x, sizeof bits);
  return (uint8_t)__usat(bits + offset, 8);
}
#endif
