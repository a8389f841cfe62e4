#pragma once
/* A convolution whose groups have one channel each. A plane is copied first, with its padding: so dst may be src
   where it has no more planes, and none that is larger. */
#include "window.h"
#include "i8_layer.h"
#include "i8_pairs.h"
#ifndef KERNEL_HAS_PAIRS

static int32_t kernel_i8_window_sum(const kernel_window *window, const uint8_t *row, int32_t width, const int8_t *w) {
  int32_t sum = 0, ky, kx;
  for (ky = 0; ky < window->taps_down; ++ky, row += width * window->dilation)
    for (kx = 0; kx < window->taps_across; ++kx) sum += (int32_t)row[kx * window->dilation] * *w++;
  return sum;
}

/* scratch: a plane with the padding that is read. */
static void kernel_i8_depthwise_plain(const kernel_window *window, const kernel_i8_layer *layer, const uint8_t *src,
                                const uint8_t *residual, uint8_t *dst, uint8_t *scratch) {
  const int32_t each = window->out_channels / window->in_channels;
  const int32_t height =
      (window->out_height - 1) * window->stride_height + (window->taps_down - 1) * window->dilation + 1;
  const int32_t width =
      (window->out_width - 1) * window->stride_width + (window->taps_across - 1) * window->dilation + 1;
  const int32_t taps = window->taps_down * window->taps_across;
  const int8_t *weights = layer->weights;
  int32_t c, e, y, x;
  for (c = 0; c < window->in_channels; ++c) {
    for (y = 0; y < height; ++y)
      for (x = 0; x < width; ++x) {
        const int32_t row = y - window->top, column = x - window->left;
        scratch[y * width + x] =
            row >= 0 && row < window->in_height && column >= 0 && column < window->in_width
                ? src[((long)c * window->in_height + row) * window->in_width + column]
                : (uint8_t)layer->padding;
      }
    for (e = 0; e < each; ++e, weights += taps)
      for (y = 0; y < window->out_height; ++y) {
        const uint8_t *row = scratch + y * window->stride_height * width;
        for (x = 0; x < window->out_width; ++x, row += window->stride_width) {
          const int32_t o = c * each + e;
          *dst++ = kernel_i8_finished(layer, o, layer->bias[o] + kernel_i8_window_sum(window, row, width, weights),
                                      residual);
          if (residual != NULL) ++residual;
        }
      }
  }
}
#endif
