/* A convolution whose groups have one channel each. A plane is copied first, with its padding: so dst may be src
   where it has no more planes, and none that is larger. residual, where there is one, may be dst.
   scratch: twice the bytes of a plane with the padding that is read, and 16. */
#include "i8_rounding.h"
#include "i8_pairs.h"
#include "i8_depthwise_plain.h"
#ifdef KERNEL_HAS_PAIRS

/* A plane as 16-bit values with its padding: rows are an even number of values wide, and two more lie behind. */
static void kernel_i8_padded(const kernel_window *window, const uint8_t *src, int32_t padding, int32_t height,
                             int32_t width, uint16_t *to) {
  int32_t x, y;
  for (y = 0; y < height; ++y, to += width) {
    const int32_t row = y - window->top;
    const int is_row = row >= 0 && row < window->in_height;
    const uint8_t *from = src + (is_row ? row : 0) * window->in_width;
    const int32_t left = window->left < width ? window->left : width;
    const int32_t end = left + window->in_width < width ? left + window->in_width : width;
    if (!is_row) {
      for (x = 0; x < width; ++x) to[x] = (uint16_t)padding;
      continue;
    }
    for (x = 0; x < left; ++x) to[x] = (uint16_t)padding;
    for (; x + 4 <= end; x += 4, from += 4) {
      const uint32_t word = kernel_word(from);
      const uint32_t even = kernel_even_bytes(word), odd = kernel_odd_bytes(word);
      const uint32_t low = kernel_lower(even, odd), high = kernel_upper(even, odd);
      memcpy(to + x, &low, 4);
      memcpy(to + x + 2, &high, 4);
    }
    for (; x < end; ++x) to[x] = *from++;
    for (; x < width; ++x) to[x] = (uint16_t)padding;
  }
}

/* A row of sums, 3x3: `width` is that of the rows, which begin at `row`. */
static void kernel_i8_row3x3(const uint16_t *row, int32_t width, int32_t stride, int32_t count, const int8_t *w,
                             int32_t bias, int32_t *sums) {
  const uint32_t first = kernel_lower((uint32_t)w[0], (uint32_t)w[1]), last = kernel_lower((uint32_t)w[1], (uint32_t)w[2]);
  const uint32_t first1 = kernel_lower((uint32_t)w[3], (uint32_t)w[4]), last1 = kernel_lower((uint32_t)w[4], (uint32_t)w[5]);
  const uint32_t first2 = kernel_lower((uint32_t)w[6], (uint32_t)w[7]), last2 = kernel_lower((uint32_t)w[7], (uint32_t)w[8]);
  const uint16_t *row1 = row + width, *row2 = row1 + width;
  const int32_t *end = sums + count;
  if (stride == 1)
    for (; sums < end; sums += 2, row += 2, row1 += 2, row2 += 2) { /* one too many where the count is odd */
      uint32_t a = kernel_word(row), b = kernel_word(row + 2);
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
  else
    for (; sums < end; ++sums, row += stride, row1 += stride, row2 += stride) {
      int32_t sum = kernel_plus_products(kernel_word(row), first, bias);
      sum = __smlabt((int32_t)row[2], (int32_t)last, sum);
      sum = kernel_plus_products(kernel_word(row1), first1, sum);
      sum = __smlabt((int32_t)row1[2], (int32_t)last1, sum);
      sum = kernel_plus_products(kernel_word(row2), first2, sum);
      sum = __smlabt((int32_t)row2[2], (int32_t)last2, sum);
      *sums = sum;
    }
}

/* A row of sums of any window. */
static void kernel_i8_row(const kernel_window *window, const uint16_t *row, int32_t width, int32_t count,
                          const int8_t *w, int32_t bias, int32_t *sums) {
  const int32_t kernel = window->kernel_width, dilation = window->dilation, stride = window->stride_width;
  int32_t x, ky, kx;
  for (x = 0; x < count; ++x) sums[x] = bias;
  for (ky = 0; ky < window->kernel_height; ++ky, row += width * dilation, w += kernel)
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

/* A row of sums becomes bytes of output o. */
static void kernel_i8_row_finished(const kernel_i8_layer *layer, int32_t o, const int32_t *sums, int32_t count,
                                   const uint8_t *residual, uint8_t *dst) {
  const int32_t offset = layer->to.zero - 0x4B400000;
  const float factor = layer->factors[o];
  int32_t x;
  if (layer->is_simple && residual == NULL)
    for (x = 0; x < count; ++x) dst[x] = kernel_byte_of_sum(sums[x], factor, offset);
  else
    for (x = 0; x < count; ++x)
      dst[x] = kernel_i8_finished(layer, o, sums[x], residual == NULL ? NULL : residual + x);
}

static void kernel_i8_depthwise(const kernel_window *window, const kernel_i8_layer *layer, const uint8_t *src,
                                const uint8_t *residual, uint8_t *dst, uint8_t *scratch) {
  const int32_t each = window->out_channels / window->in_channels, count = window->out_width;
  const int32_t height =
      (window->out_height - 1) * window->stride_height + (window->kernel_height - 1) * window->dilation + 1;
  const int32_t seen = (count - 1) * window->stride_width + (window->kernel_width - 1) * window->dilation + 1;
  const int32_t width = (seen + 1) / 2 * 2;
  const int is_3x3 = window->kernel_height == 3 && window->kernel_width == 3 && window->dilation == 1;
  int32_t *sums = (int32_t *)(void *)scratch;
  uint16_t *plane = (uint16_t *)(void *)(scratch + (count + 1) / 2 * 8);
  const int8_t *weights = layer->weights;
  int32_t c, e, y;
  for (c = 0; c < window->in_channels; ++c) {
    kernel_i8_padded(window, src + (long)c * window->in_height * window->in_width, layer->padding, height, width, plane);
    for (e = 0; e < each; ++e, weights += window->kernel_height * window->kernel_width)
      for (y = 0; y < window->out_height; ++y, dst += count) {
        const uint16_t *row = plane + y * window->stride_height * width;
        const int32_t o = c * each + e;
        if (is_3x3)
          kernel_i8_row3x3(row, width, window->stride_width, count, weights, layer->bias[o], sums);
        else
          kernel_i8_row(window, row, width, count, weights, layer->bias[o], sums);
        kernel_i8_row_finished(layer, o, sums, count, residual, dst);
        if (residual != NULL) residual += count;
      }
  }
}
#else
static void kernel_i8_depthwise(const kernel_window *window, const kernel_i8_layer *layer, const uint8_t *src,
                                const uint8_t *residual, uint8_t *dst, uint8_t *scratch) {
  kernel_i8_depthwise_plain(window, layer, src, residual, dst, scratch);
}
#endif
