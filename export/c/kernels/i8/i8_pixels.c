/* Pixels [plane][channels] to a map [channels][plane], through a table of 256 bytes for each channel. */
#include "helper.h"
#include <stdint.h>

KERNEL_ENTRY void kernel_i8_pixels(const uint8_t *pixels, int32_t plane, int32_t channels, const uint8_t *tables,
                             uint8_t *dst) {
  const uint8_t *const end = dst + plane * channels;
  for (; dst != end; ++pixels, tables += 256) {
    const uint8_t *from = pixels, *const behind = dst + plane;
    for (; dst != behind; from += channels) *dst++ = tables[*from];
  }
}
