#pragma once
/* A convolution or dense layer: bytes of activations, weights of -127..127. Biases hold the zero point's share: padding
   has the zero point's value. */
#include <stddef.h>
#include <stdint.h>
#include "helper.h"
#include "i8_to.h"

/* What is added before the result is rounded: clamp(sum * factor) + (residual - zero) * its factor. */
typedef struct {
  float low, high;
  float factor;
  int32_t zero;
} kernel_i8_join;

typedef struct {
  const int8_t *weights; /* [out_channels][depth] */
  const int32_t *bias;
  const float *factors;
  int32_t padding;
  kernel_i8_to to;
  const kernel_i8_join *join; /* or NULL */
  int32_t is_simple; /* all bytes may come out, and no result reaches 2^22 */
} kernel_i8_layer;

/* The byte of output o; residual: its place there, where there is a join. */
KERNEL_HELPER uint8_t kernel_i8_finished(const kernel_i8_layer *layer, int32_t o, int32_t sum, const uint8_t *residual) {
  const kernel_i8_join *join = layer->join;
  float x;
  if (join == NULL) return kernel_i8_scaled(sum, layer->factors[o], &layer->to);
  x = kernel_product((float)sum, layer->factors[o]);
  x = x < join->low ? join->low : x;
  x = x > join->high ? join->high : x;
  x = kernel_rounded_to_float(kernel_rounded_to_float(x) +
                              kernel_product((float)((int32_t)*residual - join->zero), join->factor));
  return kernel_i8_rounded(x, &layer->to);
}
