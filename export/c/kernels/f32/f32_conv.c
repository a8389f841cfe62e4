/* A convolution of any groups, four pixels at a time: a window's values become a column. */
#include "window.h"
#include "f32_layer.h"
#include "f32_dots.c"

/* Columns [depth][4] of `count` outputs from the first on; padding, and pixels beyond the count, are 0. */
static void kernel_f32_columns(const kernel_window *window, const float *src, int32_t channels, int32_t first,
                               int32_t count, float *columns) {
  int32_t p, i, ky, kx;
  for (p = 0; p < 4; ++p) {
    const int32_t top = (first + p) / window->out_width * window->stride_height - window->top;
    const int32_t left = (first + p) % window->out_width * window->stride_width - window->left;
    const float *plane = src;
    float *to = columns + p;
    for (i = 0; i < channels; ++i, plane += window->in_height * window->in_width)
      for (ky = 0; ky < window->taps_down; ++ky) {
        const int32_t row = top + ky * window->dilation;
        for (kx = 0; kx < window->taps_across; ++kx, to += 4) {
          const int32_t column = left + kx * window->dilation;
          *to = p < count && row >= 0 && row < window->in_height && column >= 0 && column < window->in_width
                    ? plane[row * window->in_width + column]
                    : 0.0F;
        }
      }
  }
}

/* Four outputs at most, from output `o` on, of the pixels of one column tile. */
static void kernel_f32_outputs(const kernel_f32_layer *layer, const float *columns, int32_t stride, int32_t depth,
                               int32_t o, int32_t outputs, int32_t plane, int32_t first, int32_t count, float *dst) {
  const float *rows[4];
  float sums[4][4];
  int32_t i, p;
  for (i = 0; i < 4; ++i) rows[i] = layer->weights + (long)(o + (i < outputs ? i : 0)) * depth;
  kernel_f32_dots(columns, stride, rows, depth, sums);
  for (i = 0; i < outputs; ++i)
    for (p = 0; p < count; ++p)
      dst[(long)(o + i) * plane + first + p] = kernel_f32_clamped(layer, sums[i][p] + layer->bias[o + i]);
}

/* scratch: columns [depth][4]. */
static void kernel_f32_conv(const kernel_window *window, const kernel_f32_layer *layer, const float *src, float *dst,
                            float *scratch) {
  const int32_t group_in = window->in_channels / window->groups, group_out = window->out_channels / window->groups;
  const int32_t depth = group_in * window->taps_down * window->taps_across;
  const int32_t in_plane = window->in_height * window->in_width;
  const int32_t plane = window->out_height * window->out_width;
  const int is_pointwise = window->taps_down == 1 && window->taps_across == 1 && plane == in_plane;
  int32_t g, o, first;
  for (g = 0; g < window->groups; ++g)
    for (first = 0; first < plane; first += 4) {
      const float *from = src + (long)g * group_in * in_plane, *columns = scratch;
      const int32_t count = plane - first < 4 ? plane - first : 4;
      int32_t stride = 4;
      if (is_pointwise && count == 4)
        columns = from + first, stride = plane;
      else
        kernel_f32_columns(window, from, group_in, first, count, scratch);
      for (o = 0; o < group_out; o += 4)
        kernel_f32_outputs(layer, columns, stride, depth, g * group_out + o, group_out - o < 4 ? group_out - o : 4,
                           plane, first, count, dst);
    }
}
