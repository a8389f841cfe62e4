/* Each value becomes factor * factor. */
#include "window.h"

static void kernel_f32_upsample(const kernel_window *window, int32_t factor, const float *src, float *dst) {
  int32_t c, y, x;
  for (c = 0; c < window->out_channels; ++c, src += window->in_height * window->in_width)
    for (y = 0; y < window->out_height; ++y)
      for (x = 0; x < window->out_width; ++x) *dst++ = src[y / factor * window->in_width + x / factor];
}
