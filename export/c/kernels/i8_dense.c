/* Every output sees all inputs: weights [outputs][inputs]. */
#include "i8_layer.h"
#include "i8_pairs.h"

static int32_t kernel_i8_dot(const int8_t *weights, const uint8_t *src, int32_t inputs, int32_t sum) {
  int32_t i = 0;
#ifdef KERNEL_HAS_PAIRS
  for (; i + 4 <= inputs; i += 4) {
    const uint32_t x = kernel_word(src + i), w = kernel_word(weights + i);
    sum = kernel_plus_products(kernel_even_bytes(x), kernel_even_signed(w), sum);
    sum = kernel_plus_products(kernel_odd_bytes(x), kernel_odd_signed(w), sum);
  }
#endif
  for (; i < inputs; ++i) sum += (int32_t)weights[i] * src[i];
  return sum;
}

static void kernel_i8_dense(const kernel_i8_layer *layer, int32_t inputs, int32_t outputs, const uint8_t *src,
                            const uint8_t *residual, uint8_t *dst) {
  int32_t o;
  for (o = 0; o < outputs; ++o)
    dst[o] = kernel_i8_finished(layer, o, kernel_i8_dot(layer->weights + (long)o * inputs, src, inputs, layer->bias[o]),
                                residual == NULL ? NULL : residual + o);
}
