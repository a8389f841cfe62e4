/* Every output sees all inputs: weights [outputs][inputs]. Four outputs at a time. */
#include <stdint.h>
#include "f32_layer.h"

static void kernel_f32_dense(const kernel_f32_layer *layer, int32_t inputs, int32_t outputs, const float *src,
                             float *dst) {
  const float *w = layer->weights, *bias = layer->bias;
  const float *const end = src + inputs;
  for (; outputs >= 4; outputs -= 4, bias += 4) {
    const float *from = src, *second = w + inputs, *third = second + inputs, *fourth = third + inputs;
    float a = 0, b = 0, c = 0, d = 0;
    while (from != end) {
      const float x = *from++;
      a += *w++ * x, b += *second++ * x, c += *third++ * x, d += *fourth++ * x;
    }
    w = fourth;
    *dst++ = kernel_f32_clamped(layer, a + bias[0]);
    *dst++ = kernel_f32_clamped(layer, b + bias[1]);
    *dst++ = kernel_f32_clamped(layer, c + bias[2]);
    *dst++ = kernel_f32_clamped(layer, d + bias[3]);
  }
  for (; outputs > 0; --outputs, ++bias) {
    const float *from = src;
    float sum = 0;
    while (from != end) sum += *w++ * *from++;
    *dst++ = kernel_f32_clamped(layer, sum + *bias);
  }
}
