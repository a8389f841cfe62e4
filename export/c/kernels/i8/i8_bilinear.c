/* Enlarged between the middles of pixels. */
#include "helper.h"
#include "window.h"
#include "between.h"
#include "i8_to.h"

KERNEL_ENTRY void kernel_i8_bilinear(const kernel_window *window, int32_t factor, const kernel_i8_to *to, const uint8_t *src,
                               uint8_t *dst) {
  const int32_t all = 2 * factor;
  volatile float unit = (float)(all * all); /* not turned into a factor */
  int32_t c, y, x;
  for (c = 0; c < window->out_channels; ++c, src += window->in_height * window->in_width)
    for (y = 0; y < window->out_height; ++y) {
      const kernel_between down = kernel_place_between(y, factor, window->in_height);
      const uint8_t *top = src + down.first * window->in_width, *bottom = src + down.second * window->in_width;
      for (x = 0; x < window->out_width; ++x) {
        const kernel_between across = kernel_place_between(x, factor, window->in_width);
        const int32_t keep = all - across.share;
        const int32_t upper = keep * top[across.first] + across.share * top[across.second];
        const int32_t lower = keep * bottom[across.first] + across.share * bottom[across.second];
        const int32_t sum = (all - down.share) * upper + down.share * lower - all * all * to->zero;
        *dst++ = kernel_i8_rounded(kernel_rounded_to_float((float)sum / unit), to);
      }
    }
}
