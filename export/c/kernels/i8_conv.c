/* A convolution of any groups. residual, where there is one, may be dst. tile: pixels that are taken together, even.
   scratch: depth * (2 * tile + 10) + 16 bytes, depth rounded up to 4. */
#include "i8_rounding.h"
#include "i8_pairs.h"
#include "i8_conv_plain.h"
#ifdef KERNEL_HAS_PAIRS

/* What a window of one pixel sees, in the order of weights. */
static void kernel_i8_column(const kernel_window *window, const uint8_t *src, int32_t channels, int32_t padding,
                             int32_t pixel, uint8_t *to) {
  const int32_t top = pixel / window->out_width * window->stride_height - window->top;
  const int32_t left = pixel % window->out_width * window->stride_width - window->left;
  const int32_t width = window->in_width, dilation = window->dilation, across = window->kernel_width;
  const int is_inside = top >= 0 && left >= 0 &&
                        top + (window->kernel_height - 1) * dilation < window->in_height &&
                        left + (across - 1) * dilation < width;
  int32_t i, ky, kx;
  const uint8_t *plane = src;
  for (i = 0; i < channels; ++i, plane += window->in_height * width) {
    const uint8_t *row = plane + top * width + left;
    if (is_inside && dilation == 1 && across == 3) {
      for (ky = 0; ky < window->kernel_height; ++ky, row += width, to += 3) {
        const uint32_t word = kernel_word(row); /* the fourth byte is written over */
        memcpy(to, &word, 4);
      }
    } else if (is_inside) {
      for (ky = 0; ky < window->kernel_height; ++ky, row += width * dilation)
        for (kx = 0; kx < across; ++kx) *to++ = row[kx * dilation];
    } else {
      for (ky = 0; ky < window->kernel_height; ++ky)
        for (kx = 0; kx < across; ++kx) {
          const int32_t y = top + ky * dilation, x = left + kx * dilation;
          *to++ = y >= 0 && y < window->in_height && x >= 0 && x < width ? plane[y * width + x] : (uint8_t)padding;
        }
    }
  }
  for (i = 0; i < 4; ++i) to[i] = 0; /* weights behind the last meet zeros */
}

/* Columns of two pixels, bytes, become pairs [depth / 2][2]. */
static uint32_t *kernel_i8_widened(const uint8_t *first, const uint8_t *second, int32_t depth, uint32_t *to) {
  int32_t k;
  for (k = 0; k < depth; k += 4, to += 4) {
    const uint32_t a = kernel_word(first + k), b = kernel_word(second + k);
    const uint32_t a_even = kernel_even_bytes(a), a_odd = kernel_odd_bytes(a);
    const uint32_t b_even = kernel_even_bytes(b), b_odd = kernel_odd_bytes(b);
    to[0] = kernel_lower(a_even, a_odd), to[1] = kernel_lower(b_even, b_odd);
    to[2] = kernel_upper(a_even, a_odd), to[3] = kernel_upper(b_even, b_odd);
  }
  return to;
}

/* Four neighbouring pixels of planes, pointwise. */
static uint32_t *kernel_i8_planes(const uint8_t *src, int32_t plane, int32_t depth, uint32_t *to) {
  uint32_t *next = to + 4 * ((depth + 3) / 4);
  int32_t k;
  for (k = 0; k + 2 <= depth; k += 2, src += 2 * plane, to += 2, next += 2) {
    const uint32_t a = kernel_word(src), b = kernel_word(src + plane);
    const uint32_t a_even = kernel_even_bytes(a), a_odd = kernel_odd_bytes(a);
    const uint32_t b_even = kernel_even_bytes(b), b_odd = kernel_odd_bytes(b);
    to[0] = kernel_lower(a_even, b_even), to[1] = kernel_lower(a_odd, b_odd);
    next[0] = kernel_upper(a_even, b_even), next[1] = kernel_upper(a_odd, b_odd);
  }
  for (; k < (depth + 3) / 4 * 4; k += 2, to += 2, next += 2) {
    const uint32_t a = k < depth ? kernel_word(src) : 0;
    to[0] = a & 255, to[1] = a >> 8 & 255;
    next[0] = a >> 16 & 255, next[1] = a >> 24;
  }
  return next;
}

/* Rows of four outputs' weights become pairs [depth / 2][4]. */
static void kernel_i8_weights(const int8_t *weights, int32_t row, int32_t outputs, int32_t depth, uint32_t *to) {
  int32_t o, k;
  for (o = 0; o < 4; ++o) {
    const int8_t *from = weights + (o < outputs ? o : 0) * row;
    uint32_t *at = to + o;
    for (k = 0; k < depth; k += 4, at += 8) {
      const uint32_t word = kernel_word(from + k);
      const uint32_t even = kernel_even_signed(word), odd = kernel_odd_signed(word);
      at[0] = kernel_lower(even, odd), at[4] = kernel_upper(even, odd);
    }
  }
}

/* The sums of four outputs of two pixels; they begin with the biases. */
static void kernel_i8_pair_dots(const uint32_t *weights, const uint32_t *columns, int32_t depth, int32_t sums[4][2]) {
  int32_t a0 = sums[0][0], a1 = a0, b0 = sums[1][0], b1 = b0;
  int32_t c0 = sums[2][0], c1 = c0, d0 = sums[3][0], d1 = d0;
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
  sums[0][0] = a0, sums[0][1] = a1, sums[1][0] = b0, sums[1][1] = b1;
  sums[2][0] = c0, sums[2][1] = c1, sums[3][0] = d0, sums[3][1] = d1;
}

/* Four outputs at most, from output `o` on, of a tile's pixels. */
static void kernel_i8_quad(const kernel_i8_layer *layer, const uint32_t *weights, const uint32_t *columns,
                           int32_t depth, int32_t o, int32_t outputs, int32_t plane, int32_t first, int32_t count,
                           const uint8_t *residual, uint8_t *dst) {
  const kernel_i8_join *join = layer->join;
  const int32_t offset = layer->to.zero - 0x4B400000;
  int32_t p, i;
  for (p = 0; p < count; p += 2, columns += depth) {
    const int is_pair = p + 1 < count;
    int32_t sums[4][2];
    long place = (long)o * plane + first + p;
    for (i = 0; i < 4; ++i) sums[i][0] = layer->bias[o + (i < outputs ? i : 0)];
    kernel_i8_pair_dots(weights, columns, depth, sums);
    for (i = 0; i < outputs; ++i, place += plane) {
      const float factor = layer->factors[o + i];
      if (layer->is_simple && join == NULL) {
        dst[place] = kernel_byte_of_sum(sums[i][0], factor, offset);
        if (is_pair) dst[place + 1] = kernel_byte_of_sum(sums[i][1], factor, offset);
      } else if (layer->is_simple) {
        dst[place] = kernel_byte_of_joined(sums[i][0], factor, offset, (int32_t)residual[place] - join->zero, join->factor);
        if (is_pair)
          dst[place + 1] = kernel_byte_of_joined(sums[i][1], factor, offset, (int32_t)residual[place + 1] - join->zero,
                                                 join->factor);
      } else {
        dst[place] = kernel_i8_finished(layer, o + i, sums[i][0], residual == NULL ? NULL : residual + place);
        if (is_pair)
          dst[place + 1] =
              kernel_i8_finished(layer, o + i, sums[i][1], residual == NULL ? NULL : residual + place + 1);
      }
    }
  }
}

static void kernel_i8_conv(const kernel_window *window, const kernel_i8_layer *layer, const uint8_t *src,
                           const uint8_t *residual, uint8_t *dst, int32_t tile, uint8_t *scratch) {
  const int32_t group_in = window->in_channels / window->groups, group_out = window->out_channels / window->groups;
  const int32_t row = group_in * window->kernel_height * window->kernel_width, depth = (row + 3) / 4 * 4;
  const int32_t in_plane = window->in_height * window->in_width;
  const int32_t plane = window->out_height * window->out_width;
  const int is_pointwise = window->kernel_height == 1 && window->kernel_width == 1 && plane == in_plane;
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
static void kernel_i8_conv(const kernel_window *window, const kernel_i8_layer *layer, const uint8_t *src,
                           const uint8_t *residual, uint8_t *dst, int32_t tile, uint8_t *scratch) {
  (void)tile;
  kernel_i8_conv_plain(window, layer, src, residual, dst, scratch);
}
#endif
