/* The mean of what a window covers; padding does not count. */
#include "window.h"
#include "window_cells.h"
#include "f32_mean.h"

static void kernel_f32_average_pool(const kernel_window *window, const float *src, float *dst) {
  int32_t c, y, x;
  for (c = 0; c < window->out_channels; ++c, src += window->in_height * window->in_width)
    for (y = 0; y < window->out_height; ++y) {
      const kernel_cells rows =
          kernel_window_cells(y, window->stride_height, window->top, window->taps_down, window->in_height);
      for (x = 0; x < window->out_width; ++x)
        *dst++ = kernel_f32_mean(
            src, window->in_width, rows,
            kernel_window_cells(x, window->stride_width, window->left, window->taps_across, window->in_width));
    }
}
