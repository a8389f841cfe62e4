/* A convolution of any groups. residual, where there is one, may be dst. tile: pixels that are taken together, even.
   scratch: depth * (2 * tile + 10) + 16 bytes, depth rounded up to 4. */
#include "helper.h"
#include "i8_rounding.h"
#include "i8_pairs.h"
#include "i8_conv_plain.h"
#ifdef KERNEL_HAS_PAIRS

/* Windows inside of the map: their first place is `src`. Three taps wide, then any. */
static KERNEL_APART void kernel_i8_column3(const uint8_t *src, int32_t width, int32_t plane, int32_t rows,
                                           int32_t channels, uint8_t *to) {
  for (; channels > 0; --channels, src += plane) {
    const uint8_t *row = src;
    uint8_t *const end = to + 3 * rows;
    for (; to != end; to += 3, row += width) {
      const uint32_t word = kernel_word(row); /* the fourth byte is written over */
      memcpy(to, &word, 4);
    }
  }
}

/* What the window of one pixel sees, in the order of weights. */
static KERNEL_APART void kernel_i8_column(const kernel_window *window, const uint8_t *src, int32_t channels,
                                          int32_t padding, int32_t pixel, uint8_t *to) {
  const int32_t down = window->taps_down, across = window->taps_across, dilation = window->dilation;
  const int32_t width = window->in_width, plane = window->in_height * width;
  const int32_t top = pixel / window->out_width * window->stride_height - window->top;
  const int32_t left = pixel % window->out_width * window->stride_width - window->left;
  int32_t first_row = 0, last_row = down, first = 0, last = across, i, ky, kx;
  while (first_row < down && top + first_row * dilation < 0) ++first_row;
  while (last_row > first_row && top + (last_row - 1) * dilation >= window->in_height) --last_row;
  while (first < across && left + first * dilation < 0) ++first;
  while (last > first && left + (last - 1) * dilation >= width) --last;
  src += top * width + left;
  if (last_row - first_row == down && last - first == 3 && across == 3 && dilation == 1) {
    kernel_i8_column3(src, width, plane, down, channels, to);
    to += 3 * down * channels;
  } else {
    if (last_row - first_row != down || last - first != across)
      memset(to, padding, (size_t)(channels * down * across));
    for (i = 0; i < channels; ++i, src += plane, to += down * across)
      for (ky = first_row; ky < last_row; ++ky) {
        const uint8_t *row = src + ky * dilation * width;
        uint8_t *at = to + ky * across;
        for (kx = first; kx < last; ++kx) at[kx] = row[kx * dilation];
      }
  }
  for (i = 0; i < 4; ++i) to[i] = 0; /* weights behind the last meet zeros */
}

/* Columns of two pixels, bytes, become pairs [depth / 2][2]: of four values the first and the third, then the others.
   That order costs nothing, here and for weights. */
static KERNEL_APART uint32_t *kernel_i8_widened(const uint8_t *first, const uint8_t *second, int32_t depth, uint32_t *to) {
  const uint8_t *end = first + depth;
  for (; first != end; first += 4, second += 4, to += 4) {
    const uint32_t a = kernel_word(first), b = kernel_word(second);
    to[0] = kernel_even_bytes(a), to[1] = kernel_even_bytes(b);
    to[2] = kernel_odd_bytes(a), to[3] = kernel_odd_bytes(b);
  }
  return to;
}

/* Four neighbouring pixels of planes, pointwise. */
static KERNEL_APART uint32_t *kernel_i8_planes(const uint8_t *src, int32_t plane, int32_t depth, uint32_t *to) {
  uint32_t *next = to + (depth + 3) / 4 * 4;
  uint32_t *const behind = next + (next - to);
  int32_t i;
  for (; depth > 0; depth -= 4, src += 2 * plane, to += 4, next += 4)
    for (i = 0; i < 2; ++i, src += plane) { /* planes 0 and 2, then 1 and 3 */
      const uint32_t a = depth > i ? kernel_word(src) : 0, b = depth > i + 2 ? kernel_word(src + 2 * plane) : 0;
      const uint32_t a_even = kernel_even_bytes(a), a_odd = kernel_odd_bytes(a);
      const uint32_t b_even = kernel_even_bytes(b), b_odd = kernel_odd_bytes(b);
      to[2 * i] = kernel_lower(a_even, b_even), to[2 * i + 1] = kernel_lower(a_odd, b_odd);
      next[2 * i] = kernel_upper(a_even, b_even), next[2 * i + 1] = kernel_upper(a_odd, b_odd);
    }
  return behind;
}

/* Rows of four outputs' weights become pairs [depth / 2][4]. */
static KERNEL_APART void kernel_i8_weights(const int8_t *weights, int32_t row, int32_t outputs, int32_t depth,
                                           uint32_t *to) {
  int32_t o;
  for (o = 0; o < 4; ++o) {
    const int8_t *from = weights + (o < outputs ? o : 0) * row;
    uint32_t *at = to + o, *const end = at + 2 * depth;
    for (; at != end; at += 8, from += 4) {
      const uint32_t word = kernel_word(from);
      at[0] = kernel_even_signed(word), at[4] = kernel_odd_signed(word);
    }
  }
}

/* The sums of four outputs of two pixels; they begin with the biases. */
static KERNEL_APART void kernel_i8_pair_dots(const uint32_t *weights, const uint32_t *columns, int32_t depth,
                                             const int32_t *bias, int32_t *sums) {
  int32_t a0 = bias[0], a1 = a0, b0 = bias[1], b1 = b0;
  int32_t c0 = bias[2], c1 = c0, d0 = bias[3], d1 = d0;
  const uint32_t *end = columns + depth;
  do {
    uint32_t x = columns[0], y = columns[1], w = weights[0];
    a0 = kernel_plus_products(w, x, a0), a1 = kernel_plus_products(w, y, a1), w = weights[1];
    b0 = kernel_plus_products(w, x, b0), b1 = kernel_plus_products(w, y, b1), w = weights[2];
    c0 = kernel_plus_products(w, x, c0), c1 = kernel_plus_products(w, y, c1), w = weights[3];
    d0 = kernel_plus_products(w, x, d0), d1 = kernel_plus_products(w, y, d1);
    x = columns[2], y = columns[3], w = weights[4];
    a0 = kernel_plus_products(w, x, a0), a1 = kernel_plus_products(w, y, a1), w = weights[5];
    b0 = kernel_plus_products(w, x, b0), b1 = kernel_plus_products(w, y, b1), w = weights[6];
    c0 = kernel_plus_products(w, x, c0), c1 = kernel_plus_products(w, y, c1), w = weights[7];
    d0 = kernel_plus_products(w, x, d0), d1 = kernel_plus_products(w, y, d1);
    columns += 4, weights += 8;
  } while (columns != end);
  sums[0] = a0, sums[1] = a1, sums[2] = b0, sums[3] = b1;
  sums[4] = c0, sums[5] = c1, sums[6] = d0, sums[7] = d1;
}

/* What one output makes of two sums; `place` is the first pixel's. */
static void kernel_i8_two(const kernel_i8_layer *layer, int32_t o, const int32_t *sums, int is_pair,
                          const uint8_t *residual, uint8_t *dst, long place) {
  dst[place] = kernel_i8_finished(layer, o, sums[0], residual == NULL ? NULL : residual + place);
  if (is_pair)
    dst[place + 1] = kernel_i8_finished(layer, o, sums[1], residual == NULL ? NULL : residual + place + 1);
}

/* Four outputs of a simple layer, of pairs of pixels. */
static KERNEL_APART void kernel_i8_quad_simple(const float *factors, const int32_t *bias, int32_t offset,
                                               const uint32_t *weights, const uint32_t *columns, int32_t depth,
                                               int32_t plane, int32_t pairs, uint8_t *dst) {
  const float a = factors[0], b = factors[1], c = factors[2], d = factors[3];
  uint8_t *second = dst + plane, *third = second + plane, *fourth = third + plane;
  uint8_t *const end = dst + 2 * pairs;
  for (; dst != end; dst += 2, second += 2, third += 2, fourth += 2, columns += depth) {
    int32_t sums[8];
    kernel_i8_pair_dots(weights, columns, depth, bias, sums);
    dst[0] = kernel_byte_of_sum(sums[0], a, offset), dst[1] = kernel_byte_of_sum(sums[1], a, offset);
    second[0] = kernel_byte_of_sum(sums[2], b, offset), second[1] = kernel_byte_of_sum(sums[3], b, offset);
    third[0] = kernel_byte_of_sum(sums[4], c, offset), third[1] = kernel_byte_of_sum(sums[5], c, offset);
    fourth[0] = kernel_byte_of_sum(sums[6], d, offset), fourth[1] = kernel_byte_of_sum(sums[7], d, offset);
  }
}
/* As kernel_i8_two() of four outputs of a simple layer with a join. */
KERNEL_HELPER void kernel_i8_four_joined(const float *factors, int32_t offset, const int32_t *sums, int32_t plane,
                                         const kernel_i8_join *join, const uint8_t *residual, uint8_t *dst) {
  const int32_t zero = join->zero;
  const float factor = join->factor;
  int32_t i;
  for (i = 0; i < 4; ++i, dst += plane, residual += plane) {
    dst[0] = kernel_byte_of_joined(sums[2 * i], factors[i], offset, (int32_t)residual[0] - zero, factor);
    dst[1] = kernel_byte_of_joined(sums[2 * i + 1], factors[i], offset, (int32_t)residual[1] - zero, factor);
  }
}

/* Four outputs at most, from output `o` on, of a tile's pixels. */
static KERNEL_APART void kernel_i8_quad(const kernel_i8_layer *layer, const uint32_t *weights, const uint32_t *columns,
                                        int32_t depth, int32_t o, int32_t outputs, int32_t plane, int32_t first,
                                        int32_t count, const uint8_t *residual, uint8_t *dst) {
  const int is_simple = layer->is_simple && outputs == 4;
  const int32_t offset = layer->to.zero - 0x4B400000;
  int32_t p = 0, i, bias[4];
  for (i = 0; i < 4; ++i) bias[i] = layer->bias[o + (i < outputs ? i : 0)];
  if (is_simple && layer->join == NULL) {
    p = count & ~1;
    kernel_i8_quad_simple(layer->factors + o, bias, offset, weights, columns, depth, plane, p / 2,
                          dst + (long)o * plane + first);
    columns += p / 2 * depth;
  }
  for (; p < count; p += 2, columns += depth) {
    const long place = (long)o * plane + first + p;
    const int is_pair = p + 1 < count;
    int32_t sums[8];
    kernel_i8_pair_dots(weights, columns, depth, bias, sums);
    if (is_simple && is_pair)
      kernel_i8_four_joined(layer->factors + o, offset, sums, plane, layer->join, residual + place, dst + place);
    else
      for (i = 0; i < outputs; ++i)
        kernel_i8_two(layer, o + i, sums + 2 * i, is_pair, residual, dst, place + (long)i * plane);
  }
}

KERNEL_ENTRY void kernel_i8_conv(const kernel_window *window, const kernel_i8_layer *layer, const uint8_t *src,
                           const uint8_t *residual, uint8_t *dst, int32_t tile, uint8_t *scratch) {
  const int32_t group_in = window->in_channels / window->groups, group_out = window->out_channels / window->groups;
  const int32_t row = group_in * window->taps_down * window->taps_across, depth = (row + 3) / 4 * 4;
  const int32_t in_plane = window->in_height * window->in_width;
  const int32_t plane = window->out_height * window->out_width;
  const int is_pointwise = window->taps_down == 1 && window->taps_across == 1 && plane == in_plane;
  uint32_t *weights = (uint32_t *)(void *)scratch, *columns = weights + 2 * depth;
  uint8_t *bytes = (uint8_t *)(columns + tile * depth / 2);
  int32_t g, o, p, first;
  for (g = 0; g < window->groups; ++g) {
    const uint8_t *from = src + (long)g * group_in * in_plane;
    for (first = 0; first < plane; first += tile) {
      const int32_t count = plane - first < tile ? plane - first : tile;
      uint32_t *to = columns;
      for (p = 0; p < count;)
        if (is_pointwise && p + 4 <= count) {
          to = kernel_i8_planes(from + first + p, plane, row, to);
          p += 4;
        } else {
          kernel_i8_column(window, from, group_in, layer->padding, first + p, bytes);
          if (p + 1 < count) kernel_i8_column(window, from, group_in, layer->padding, first + p + 1, bytes + depth + 4);
          to = kernel_i8_widened(bytes, bytes + depth + 4, depth, to);
          p += 2;
        }
      for (o = 0; o < group_out; o += 4) {
        const int32_t output = g * group_out + o, outputs = group_out - o < 4 ? group_out - o : 4;
        kernel_i8_weights(layer->weights + (long)output * row, row, outputs, depth, weights);
        kernel_i8_quad(layer, weights, columns, depth, output, outputs, plane, first, count, residual, dst);
      }
    }
  }
}
#else
KERNEL_ENTRY void kernel_i8_conv(const kernel_window *window, const kernel_i8_layer *layer, const uint8_t *src,
                           const uint8_t *residual, uint8_t *dst, int32_t tile, uint8_t *scratch) {
  (void)tile;
  kernel_i8_conv_plain(window, layer, src, residual, dst, scratch);
}
#endif
