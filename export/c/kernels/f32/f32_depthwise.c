/* A convolution whose groups have one channel each. A plane is copied first, with its padding: so dst may be src
   where it has no more planes, and none that is larger. */
#include "window.h"
#include "f32_layer.h"

/* rows: the first of the window's; stride, in values. */
static float kernel_f32_window3x3(const float *row, int32_t width, const float *w) {
  const float *next = row + width, *last = next + width;
  return row[0] * w[0] + row[1] * w[1] + row[2] * w[2] + next[0] * w[3] + next[1] * w[4] + next[2] * w[5] +
         last[0] * w[6] + last[1] * w[7] + last[2] * w[8];
}

static float kernel_f32_window_sum(const kernel_window *window, const float *row, int32_t width, const float *w) {
  float sum = 0;
  int32_t ky, kx;
  for (ky = 0; ky < window->taps_down; ++ky, row += width * window->dilation)
    for (kx = 0; kx < window->taps_across; ++kx) sum += row[kx * window->dilation] * *w++;
  return sum;
}

/* scratch: a plane with the padding that is read. */
static void kernel_f32_depthwise(const kernel_window *window, const kernel_f32_layer *layer, const float *src,
                                 float *dst, float *scratch) {
  const int32_t each = window->out_channels / window->in_channels;
  const int32_t height =
      (window->out_height - 1) * window->stride_height + (window->taps_down - 1) * window->dilation + 1;
  const int32_t width =
      (window->out_width - 1) * window->stride_width + (window->taps_across - 1) * window->dilation + 1;
  const int32_t taps = window->taps_down * window->taps_across;
  const int is_3x3 = window->taps_down == 3 && window->taps_across == 3 && window->dilation == 1;
  const float *weights = layer->weights;
  int32_t c, e, y, x;
  for (c = 0; c < window->in_channels; ++c) {
    for (y = 0; y < height; ++y)
      for (x = 0; x < width; ++x) {
        const int32_t row = y - window->top, column = x - window->left;
        scratch[y * width + x] =
            row >= 0 && row < window->in_height && column >= 0 && column < window->in_width
                ? src[((long)c * window->in_height + row) * window->in_width + column]
                : 0.0F;
      }
    for (e = 0; e < each; ++e, weights += taps)
      for (y = 0; y < window->out_height; ++y) {
        const float *row = scratch + y * window->stride_height * width;
        for (x = 0; x < window->out_width; ++x, row += window->stride_width)
          *dst++ = kernel_f32_clamped(
              layer, layer->bias[c * each + e] + (is_3x3 ? kernel_f32_window3x3(row, width, weights)
                                                         : kernel_f32_window_sum(window, row, width, weights)));
      }
  }
}
