/* A convolution whose groups have one channel each. A plane is copied first, with its padding: so dst may be src
   where it has no more planes, and none that is larger. residual, where there is one, may be dst.
   scratch: 16-bit values of a plane with the padding that is read, of an even width; 4 bytes for each of 64 sums, or of
   a row where that has more; 16 bytes. */
#include "helper.h"
#include "i8_rounding.h"
#include "i8_pairs.h"
#include "i8_depthwise_plain.h"
#ifdef KERNEL_HAS_PAIRS
/* Of weights: those of 7x7. */
#define KERNEL_WIDE_PAIRS 56

/* The part of a plane that windows read, as 16-bit values: `to` is its first place, behind the padding, which stays. */
static KERNEL_APART void kernel_i8_inside(const uint8_t *src, int32_t in_width, int32_t rows, int32_t columns,
                                          int32_t width, uint16_t *to) {
  for (; rows > 0; --rows, src += in_width, to += width) {
    const uint8_t *from = src, *const end = src + columns, *const words = src + (columns & ~3);
    uint16_t *at = to;
    for (; from != words; from += 4, at += 4) {
      const uint32_t word = kernel_word(from);
      const uint32_t even = kernel_even_bytes(word), odd = kernel_odd_bytes(word);
      const uint32_t low = kernel_lower(even, odd), high = kernel_upper(even, odd);
      memcpy(at, &low, 4);
      memcpy(at + 2, &high, 4);
    }
    while (from != end) *at++ = *from++;
  }
}

/* Weights of 3x3 as pairs: of each row the first two, then the last two. */
static void kernel_i8_pairs3x3(const int8_t *w, uint32_t *pairs) {
  int32_t i;
  for (i = 0; i < 3; ++i, w += 3) {
    *pairs++ = kernel_lower((uint32_t)w[0], (uint32_t)w[1]);
    *pairs++ = kernel_lower((uint32_t)w[1], (uint32_t)w[2]);
  }
}

/* Rows of sums, 3x3, two at a time: one too many where the count is odd, which the next row writes over. `width` is
   that of the plane's rows. */
static KERNEL_APART void kernel_i8_rows3x3(const uint16_t *row, int32_t width, int32_t rows, int32_t count,
                                           const uint32_t *pairs, int32_t bias, int32_t *to) {
  const uint32_t first = pairs[0], last = pairs[1], first1 = pairs[2], last1 = pairs[3], first2 = pairs[4],
                 last2 = pairs[5];
  for (; rows > 0; --rows, row += width, to += count) {
    const uint16_t *row0 = row, *row1 = row + width, *row2 = row1 + width;
    int32_t *sums = to, *const end = to + count;
    for (; sums < end; sums += 2, row0 += 2, row1 += 2, row2 += 2) {
      uint32_t a = kernel_word(row0), b = kernel_word(row0 + 2);
      int32_t even = kernel_plus_products(a, first, bias), odd = __smlatb((int32_t)a, (int32_t)first, bias);
      even = __smlabt((int32_t)b, (int32_t)last, even), odd = kernel_plus_products(b, last, odd);
      a = kernel_word(row1), b = kernel_word(row1 + 2);
      even = kernel_plus_products(a, first1, even), odd = __smlatb((int32_t)a, (int32_t)first1, odd);
      even = __smlabt((int32_t)b, (int32_t)last1, even), odd = kernel_plus_products(b, last1, odd);
      a = kernel_word(row2), b = kernel_word(row2 + 2);
      even = kernel_plus_products(a, first2, even), odd = __smlatb((int32_t)a, (int32_t)first2, odd);
      even = __smlabt((int32_t)b, (int32_t)last2, even), odd = kernel_plus_products(b, last2, odd);
      sums[0] = even, sums[1] = odd;
    }
  }
}
/* As above, of strides over 1. */
static KERNEL_APART void kernel_i8_rows3x3_strided(const uint16_t *row, int32_t width, const kernel_window *window,
                                                   int32_t rows, const uint32_t *pairs, int32_t bias, int32_t *to) {
  const uint32_t first = pairs[0], last = pairs[1], first1 = pairs[2], last1 = pairs[3], first2 = pairs[4],
                 last2 = pairs[5];
  const int32_t stride = window->stride_width, count = window->out_width;
  for (; rows > 0; --rows, row += width * window->stride_height, to += count) {
    const uint16_t *row0 = row, *row1 = row + width, *row2 = row1 + width;
    int32_t *sums = to, *const end = to + count;
    for (; sums != end; row0 += stride, row1 += stride, row2 += stride) {
      int32_t sum = kernel_plus_products(kernel_word(row0), first, bias);
      sum = __smlabt((int32_t)row0[2], (int32_t)last, sum);
      sum = kernel_plus_products(kernel_word(row1), first1, sum);
      sum = __smlabt((int32_t)row1[2], (int32_t)last1, sum);
      sum = kernel_plus_products(kernel_word(row2), first2, sum);
      *sums++ = __smlabt((int32_t)row2[2], (int32_t)last2, sum);
    }
  }
}

/* Weights for rows_wide(): of each word of a row the pair for an even output, and that for the odd one behind it. */
static void kernel_i8_pairs_wide(const int8_t *w, int32_t rows, int32_t kernel, uint32_t *pairs) {
  int32_t y, x;
  for (y = 0; y < rows; ++y, w += kernel)
    for (x = 0; x <= kernel; x += 2) {
      const int32_t before = x > 0 ? w[x - 1] : 0, here = x < kernel ? w[x] : 0, next = x + 1 < kernel ? w[x + 1] : 0;
      *pairs++ = kernel_lower((uint32_t)here, (uint32_t)next);
      *pairs++ = kernel_lower((uint32_t)before, (uint32_t)here);
    }
}

/* As rows3x3(), of any kernel without dilation and of stride 1. */
static KERNEL_APART void kernel_i8_rows_wide(const kernel_window *window, const uint16_t *row, int32_t width,
                                             int32_t rows, const uint32_t *pairs, int32_t bias, int32_t *to) {
  const int32_t count = window->out_width, words = window->taps_across / 2 + 1, down = window->taps_down;
  const int32_t skip = width - 2 * words;
  for (; rows > 0; --rows, row += width, to += count) {
    const uint16_t *at = row;
    int32_t *sums = to, *const end = to + count;
    for (; sums < end; sums += 2, at += 2) {
      const uint16_t *from = at;
      const uint32_t *w = pairs, *last = pairs + 2 * words * down;
      int32_t even = bias, odd = bias;
      for (; w != last; from += skip) {
        const uint32_t *behind = w + 2 * words;
        if (words == 3) {
          uint32_t x = kernel_word(from);
          even = kernel_plus_products(x, w[0], even), odd = kernel_plus_products(x, w[1], odd);
          x = kernel_word(from + 2);
          even = kernel_plus_products(x, w[2], even), odd = kernel_plus_products(x, w[3], odd);
          x = kernel_word(from + 4);
          even = kernel_plus_products(x, w[4], even), odd = kernel_plus_products(x, w[5], odd);
          w = behind, from += 6;
        }
        for (; w != behind; w += 2, from += 2) {
          const uint32_t x = kernel_word(from);
          even = kernel_plus_products(x, w[0], even), odd = kernel_plus_products(x, w[1], odd);
        }
      }
      sums[0] = even, sums[1] = odd;
    }
  }
}

/* A row of sums of any window. */
static KERNEL_APART void kernel_i8_row(const kernel_window *window, const uint16_t *row, int32_t width, int32_t count,
                          const int8_t *w, int32_t bias, int32_t *sums) {
  const int32_t kernel = window->taps_across, dilation = window->dilation, stride = window->stride_width;
  int32_t x, ky, kx;
  for (x = 0; x < count; ++x) sums[x] = bias;
  for (ky = 0; ky < window->taps_down; ++ky, row += width * dilation, w += kernel)
    for (x = 0; x < count; ++x) {
      const uint16_t *from = row + x * stride;
      int32_t sum = sums[x];
      kx = 0;
      if (dilation == 1)
        for (; kx + 2 <= kernel; kx += 2)
          sum = kernel_plus_products(kernel_word(from + kx), kernel_lower((uint32_t)w[kx], (uint32_t)w[kx + 1]), sum);
      for (; kx < kernel; ++kx) sum += from[kx * dilation] * w[kx];
      sums[x] = sum;
    }
}

/* Sums become bytes of output o. */
static KERNEL_APART void kernel_i8_sums_finished(const kernel_i8_layer *layer, int32_t o, const int32_t *sums,
                                                 int32_t count, const uint8_t *residual, uint8_t *dst) {
  const int32_t offset = layer->to.zero - 0x4B400000;
  const float factor = layer->factors[o];
  const int32_t *const end = sums + count;
  if (!layer->is_simple || residual != NULL) {
    for (; sums != end; ++sums, ++dst) {
      *dst = kernel_i8_finished(layer, o, *sums, residual);
      if (residual != NULL) ++residual;
    }
    return;
  }
  for (; end - sums >= 4; sums += 4, dst += 4) {
    dst[0] = kernel_byte_of_sum(sums[0], factor, offset), dst[1] = kernel_byte_of_sum(sums[1], factor, offset);
    dst[2] = kernel_byte_of_sum(sums[2], factor, offset), dst[3] = kernel_byte_of_sum(sums[3], factor, offset);
  }
  while (sums != end) *dst++ = kernel_byte_of_sum(*sums++, factor, offset);
}

KERNEL_ENTRY void kernel_i8_depthwise(const kernel_window *window, const kernel_i8_layer *layer, const uint8_t *src,
                                const uint8_t *residual, uint8_t *dst, uint8_t *scratch) {
  const int32_t each = window->out_channels / window->in_channels, count = window->out_width;
  const int32_t height =
      (window->out_height - 1) * window->stride_height + (window->taps_down - 1) * window->dilation + 1;
  const int32_t seen = (count - 1) * window->stride_width + (window->taps_across - 1) * window->dilation + 1;
  const int32_t width = (seen + 1) / 2 * 2, at_once = count < 64 ? 64 / count : 1;
  const int32_t rows_in = height - window->top < window->in_height ? height - window->top : window->in_height;
  const int32_t columns_in = width - window->left < window->in_width ? width - window->left : window->in_width;
  const int is_3x3 = window->taps_down == 3 && window->taps_across == 3 && window->dilation == 1;
  const int is_wide = window->stride_width == 1 && window->stride_height == 1 && window->dilation == 1 &&
                      window->taps_down * (window->taps_across / 2 + 1) * 2 <= KERNEL_WIDE_PAIRS;
  int32_t *sums = (int32_t *)(void *)scratch;
  uint16_t *plane = (uint16_t *)(void *)(scratch + 4 * (count * at_once + 2));
  const int8_t *weights = layer->weights;
  int32_t c, e, y;
  for (c = 0; c < height * width; ++c) plane[c] = (uint16_t)layer->padding;
  for (c = 0; c < window->in_channels; ++c) {
    kernel_i8_inside(src + (long)c * window->in_height * window->in_width, window->in_width, rows_in, columns_in, width,
                     plane + window->top * width + window->left);
    for (e = 0; e < each; ++e, weights += window->taps_down * window->taps_across) {
      const int32_t o = c * each + e;
      uint32_t pairs[KERNEL_WIDE_PAIRS];
      if (is_3x3)
        kernel_i8_pairs3x3(weights, pairs);
      else if (is_wide)
        kernel_i8_pairs_wide(weights, window->taps_down, window->taps_across, pairs);
      for (y = 0; y < window->out_height; y += at_once) {
        const uint16_t *row = plane + y * window->stride_height * width;
        const int32_t rows = window->out_height - y < at_once ? window->out_height - y : at_once;
        int32_t r;
        if (is_3x3 && window->stride_width == 1 && window->stride_height == 1)
          kernel_i8_rows3x3(row, width, rows, count, pairs, layer->bias[o], sums);
        else if (is_3x3)
          kernel_i8_rows3x3_strided(row, width, window, rows, pairs, layer->bias[o], sums);
        else if (is_wide)
          kernel_i8_rows_wide(window, row, width, rows, pairs, layer->bias[o], sums);
        else
          for (r = 0; r < rows; ++r)
            kernel_i8_row(window, row + r * window->stride_height * width, width, count, weights, layer->bias[o],
                          sums + r * count);
        kernel_i8_sums_finished(layer, o, sums, rows * count, residual, dst);
        dst += rows * count;
        if (residual != NULL) residual += rows * count;
      }
    }
  }
}
#else
KERNEL_ENTRY void kernel_i8_depthwise(const kernel_window *window, const kernel_i8_layer *layer, const uint8_t *src,
                                const uint8_t *residual, uint8_t *dst, uint8_t *scratch) {
  kernel_i8_depthwise_plain(window, layer, src, residual, dst, scratch);
}
#endif
