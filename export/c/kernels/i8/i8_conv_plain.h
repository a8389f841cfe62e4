#pragma once
/* A convolution of any groups, two pixels at a time: a window's values become a column. */
#include "window.h"
#include "i8_layer.h"
#include "i8_dots.h"
#include "i8_pairs.h"
#ifndef KERNEL_HAS_PAIRS

/* Columns [depth][2] of `count` outputs from the first on. */
static void kernel_i8_columns(const kernel_window *window, const uint8_t *src, int32_t channels, int32_t padding,
                              int32_t first, int32_t count, uint8_t *columns) {
  int32_t p, i, ky, kx;
  for (p = 0; p < 2; ++p) {
    const int32_t top = (first + p) / window->out_width * window->stride_height - window->top;
    const int32_t left = (first + p) % window->out_width * window->stride_width - window->left;
    const uint8_t *plane = src;
    uint8_t *to = columns + p;
    for (i = 0; i < channels; ++i, plane += window->in_height * window->in_width)
      for (ky = 0; ky < window->taps_down; ++ky) {
        const int32_t row = top + ky * window->dilation;
        for (kx = 0; kx < window->taps_across; ++kx, to += 2) {
          const int32_t column = left + kx * window->dilation;
          *to = p < count && row >= 0 && row < window->in_height && column >= 0 && column < window->in_width
                    ? plane[row * window->in_width + column]
                    : (uint8_t)padding;
        }
      }
  }
}

/* Two outputs at most, from output `o` on, of the pixels of one column tile. */
static void kernel_i8_outputs_of(const kernel_i8_layer *layer, const uint8_t *columns, int32_t stride, int32_t depth,
                                 int32_t o, int32_t outputs, int32_t plane, int32_t first, int32_t count,
                                 const uint8_t *residual, uint8_t *dst) {
  const int8_t *weights = layer->weights + (long)o * depth;
  int32_t sums[2][2], i, p;
  kernel_i8_dots(columns, stride, weights, outputs > 1 ? weights + depth : weights, depth, sums);
  for (i = 0; i < outputs; ++i)
    for (p = 0; p < count; ++p) {
      const long place = (long)(o + i) * plane + first + p;
      dst[place] = kernel_i8_finished(layer, o + i, sums[i][p] + layer->bias[o + i],
                                      residual == NULL ? NULL : residual + place);
    }
}

/* scratch: columns [depth][2]. */
static void kernel_i8_conv_plain(const kernel_window *window, const kernel_i8_layer *layer, const uint8_t *src,
                           const uint8_t *residual, uint8_t *dst, uint8_t *scratch) {
  const int32_t group_in = window->in_channels / window->groups, group_out = window->out_channels / window->groups;
  const int32_t depth = group_in * window->taps_down * window->taps_across;
  const int32_t in_plane = window->in_height * window->in_width;
  const int32_t plane = window->out_height * window->out_width;
  const int is_pointwise = window->taps_down == 1 && window->taps_across == 1 && plane == in_plane;
  int32_t g, o, first;
  for (g = 0; g < window->groups; ++g)
    for (first = 0; first < plane; first += 2) {
      const uint8_t *from = src + (long)g * group_in * in_plane, *columns = scratch;
      const int32_t count = plane - first < 2 ? plane - first : 2;
      int32_t stride = 2;
      if (is_pointwise && count == 2)
        columns = from + first, stride = plane;
      else
        kernel_i8_columns(window, from, group_in, layer->padding, first, count, scratch);
      for (o = 0; o < group_out; o += 2)
        kernel_i8_outputs_of(layer, columns, stride, depth, g * group_out + o, group_out - o < 2 ? group_out - o : 2,
                             plane, first, count, residual, dst);
    }
}
#endif
