/* Pixels [plane][channels] to a map [channels][plane], through a table of 256 bytes for each channel. */
#include <stdint.h>

static void kernel_i8_pixels(const uint8_t *pixels, int32_t plane, int32_t channels, const uint8_t *tables,
                             uint8_t *dst) {
  int32_t c, p;
  for (c = 0; c < channels; ++c, tables += 256)
    for (p = 0; p < plane; ++p) *dst++ = tables[pixels[p * channels + c]];
}
