/* Every output sees all inputs: weights [outputs][inputs]. Four outputs at a time. */
#include <stdint.h>
#include "f32_layer.h"

static void kernel_f32_dense(const kernel_f32_layer *layer, int32_t inputs, int32_t outputs, const float *src,
                             float *dst) {
  int32_t o, i;
  for (o = 0; o + 4 <= outputs; o += 4) {
    const float *w = layer->weights + (long)o * inputs;
    float a = 0, b = 0, c = 0, d = 0;
    for (i = 0; i < inputs; ++i) {
      const float x = src[i];
      a += w[i] * x, b += w[i + (long)inputs] * x, c += w[i + 2L * inputs] * x, d += w[i + 3L * inputs] * x;
    }
    dst[o] = kernel_f32_clamped(layer, a + layer->bias[o]);
    dst[o + 1] = kernel_f32_clamped(layer, b + layer->bias[o + 1]);
    dst[o + 2] = kernel_f32_clamped(layer, c + layer->bias[o + 2]);
    dst[o + 3] = kernel_f32_clamped(layer, d + layer->bias[o + 3]);
  }
  for (; o < outputs; ++o) {
    float sum = 0;
    for (i = 0; i < inputs; ++i) sum += layer->weights[(long)o * inputs + i] * src[i];
    dst[o] = kernel_f32_clamped(layer, sum + layer->bias[o]);
  }
}
