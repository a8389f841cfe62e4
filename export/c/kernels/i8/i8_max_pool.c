/* The largest value that a window covers; padding takes no part. */
#include "helper.h"
#include "window.h"
#include "window_cells.h"

KERNEL_ENTRY void kernel_i8_max_pool(const kernel_window *window, const uint8_t *src, uint8_t *dst) {
  int32_t c, y, x, sy, sx;
  for (c = 0; c < window->out_channels; ++c, src += window->in_height * window->in_width)
    for (y = 0; y < window->out_height; ++y) {
      const kernel_cells rows =
          kernel_window_cells(y, window->stride_height, window->top, window->taps_down, window->in_height);
      for (x = 0; x < window->out_width; ++x) {
        const kernel_cells columns =
            kernel_window_cells(x, window->stride_width, window->left, window->taps_across, window->in_width);
        uint8_t largest = src[rows.first * window->in_width + columns.first];
        for (sy = rows.first; sy < rows.last; ++sy)
          for (sx = columns.first; sx < columns.last; ++sx) {
            const uint8_t value = src[sy * window->in_width + sx];
            largest = value > largest ? value : largest;
          }
        *dst++ = largest;
      }
    }
}
