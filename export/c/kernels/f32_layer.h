#pragma once
/* Weights [out_channels][depth], and the clamp that follows. */
typedef struct {
  const float *weights, *bias;
  float low, high;
} kernel_f32_layer;

static inline float kernel_f32_clamped(const kernel_f32_layer *layer, float x) {
  x = x < layer->low ? layer->low : x;
  return x > layer->high ? layer->high : x;
}
