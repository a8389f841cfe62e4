/* The mean of what a window covers; padding does not count. */
#include "helper.h"
#include "window.h"
#include "window_cells.h"
#include "i8_mean.h"

KERNEL_ENTRY void kernel_i8_average_pool(const kernel_window *window, const kernel_i8_mean *mean, const uint8_t *src, uint8_t *dst) {
  int32_t c, y, x;
  for (c = 0; c < window->out_channels; ++c, src += window->in_height * window->in_width)
    for (y = 0; y < window->out_height; ++y) {
      const kernel_cells rows =
          kernel_window_cells(y, window->stride_height, window->top, window->taps_down, window->in_height);
      for (x = 0; x < window->out_width; ++x)
        *dst++ = kernel_i8_mean_of(mean, 
            src, window->in_width, rows,
            kernel_window_cells(x, window->stride_width, window->left, window->taps_across, window->in_width));
    }
}
