/* Means down to a height and width. */
#include "helper.h"
#include "window.h"
#include "adaptive_cells.h"
#include "i8_mean.h"
#include "i8_pairs.h"

/* Means of whole planes. */
static void kernel_i8_mean_planes(const kernel_i8_mean *mean, const uint8_t *src, int32_t planes, int32_t plane, uint8_t *dst) {
  const float share = kernel_i8_share(mean, plane);
  for (; planes > 0; --planes) {
    const uint8_t *const end = src + plane;
    int32_t sum = 0;
#ifdef KERNEL_HAS_PAIRS
    const uint8_t *const words = src + (plane & ~3);
    for (; src != words; src += 4) sum = (int32_t)__usada8(kernel_word(src), 0, (uint32_t)sum);
#endif
    while (src != end) sum += *src++;
    *dst++ = kernel_i8_mean_byte(mean, sum, plane, share);
  }
}

KERNEL_ENTRY void kernel_i8_pool_to(const kernel_window *window, const kernel_i8_mean *mean, const uint8_t *src, uint8_t *dst) {
  int32_t c, y, x;
  if (window->out_height * window->out_width == 1) {
    kernel_i8_mean_planes(mean, src, window->out_channels, window->in_height * window->in_width, dst);
    return;
  }
  for (c = 0; c < window->out_channels; ++c, src += window->in_height * window->in_width)
    for (y = 0; y < window->out_height; ++y) {
      const kernel_cells rows = kernel_adaptive_cells(y, window->out_height, window->in_height);
      for (x = 0; x < window->out_width; ++x)
        *dst++ = kernel_i8_mean_of(mean, src, window->in_width, rows,
                                 kernel_adaptive_cells(x, window->out_width, window->in_width));
    }
}
