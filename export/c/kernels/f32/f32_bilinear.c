/* Enlarged between the middles of pixels. */
#include "window.h"
#include "between.h"

static void kernel_f32_bilinear(const kernel_window *window, int32_t factor, const float *src, float *dst) {
  const float unit = 1.0F / (2.0F * (float)factor);
  int32_t c, y, x;
  for (c = 0; c < window->out_channels; ++c, src += window->in_height * window->in_width)
    for (y = 0; y < window->out_height; ++y) {
      const kernel_between down = kernel_place_between(y, factor, window->in_height);
      const float *top = src + down.first * window->in_width, *bottom = src + down.second * window->in_width;
      for (x = 0; x < window->out_width; ++x) {
        const kernel_between across = kernel_place_between(x, factor, window->in_width);
        const float share = (float)across.share * unit;
        const float upper = top[across.first] + share * (top[across.second] - top[across.first]);
        const float lower = bottom[across.first] + share * (bottom[across.second] - bottom[across.first]);
        *dst++ = upper + (float)down.share * unit * (lower - upper);
      }
    }
}
