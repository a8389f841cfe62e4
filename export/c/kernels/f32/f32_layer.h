#pragma once
/* Weights [out_channels][depth], and the clamp that follows. */
#include "helper.h"

typedef struct {
  const float *weights, *bias;
  float low, high;
} kernel_f32_layer;

KERNEL_HELPER float kernel_f32_clamped(const kernel_f32_layer *layer, float x) {
  x = x < layer->low ? layer->low : x;
  return x > layer->high ? layer->high : x;
}
