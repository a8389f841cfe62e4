/* Every output sees all inputs: weights [outputs][inputs]. */
#include "i8_layer.h"
#include "i8_pairs.h"

/* The sums of two outputs, which begin with their biases. */
static void kernel_i8_two_dots(const int8_t *first, const int8_t *second, const uint8_t *src, int32_t inputs,
                               int32_t *sums) {
  const uint8_t *const end = src + inputs;
  int32_t a = sums[0], b = sums[1];
#ifdef KERNEL_HAS_PAIRS
  const uint8_t *const words = src + (inputs & ~3);
  for (; src != words; src += 4, first += 4, second += 4) {
    const uint32_t x = kernel_word(src), v = kernel_word(first), w = kernel_word(second);
    const uint32_t even = kernel_even_bytes(x), odd = kernel_odd_bytes(x);
    a = kernel_plus_products(even, kernel_even_signed(v), a);
    a = kernel_plus_products(odd, kernel_odd_signed(v), a);
    b = kernel_plus_products(even, kernel_even_signed(w), b);
    b = kernel_plus_products(odd, kernel_odd_signed(w), b);
  }
#endif
  for (; src != end; ++src) {
    const int32_t x = *src;
    a += *first++ * x, b += *second++ * x;
  }
  sums[0] = a, sums[1] = b;
}

static uint8_t kernel_i8_dense_byte(const kernel_i8_layer *layer, int32_t o, int32_t sum, const uint8_t *residual) {
#ifdef KERNEL_HAS_PAIRS
  if (layer->is_simple && layer->join == NULL)
    return kernel_byte_of_sum(sum, layer->factors[o], layer->to.zero - 0x4B400000);
#endif
  return kernel_i8_finished(layer, o, sum, residual == NULL ? NULL : residual + o);
}

KERNEL_ENTRY void kernel_i8_dense(const kernel_i8_layer *layer, int32_t inputs, int32_t outputs, const uint8_t *src,
                                  const uint8_t *residual, uint8_t *dst) {
  const int8_t *weights = layer->weights;
  int32_t o;
  for (o = 0; o < outputs; o += 2, weights += 2 * (long)inputs) {
    const int is_pair = o + 1 < outputs;
    int32_t sums[2];
    sums[0] = layer->bias[o], sums[1] = layer->bias[o + is_pair];
    kernel_i8_two_dots(weights, weights + (is_pair ? inputs : 0), src, inputs, sums);
    dst[o] = kernel_i8_dense_byte(layer, o, sums[0], residual);
    if (is_pair) dst[o + 1] = kernel_i8_dense_byte(layer, o + 1, sums[1], residual);
  }
}
