/* Means down to a height and width. */
#include "window.h"
#include "adaptive_cells.h"
#include "f32_mean.h"

static void kernel_f32_pool_to(const kernel_window *window, const float *src, float *dst) {
  int32_t c, y, x;
  for (c = 0; c < window->out_channels; ++c, src += window->in_height * window->in_width)
    for (y = 0; y < window->out_height; ++y) {
      const kernel_cells rows = kernel_adaptive_cells(y, window->out_height, window->in_height);
      for (x = 0; x < window->out_width; ++x)
        *dst++ = kernel_f32_mean(src, window->in_width, rows,
                                 kernel_adaptive_cells(x, window->out_width, window->in_width));
    }
}
