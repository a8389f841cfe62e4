/* Pixels [plane][channels] to a normalised map [channels][plane]. */
#include <stdint.h>

static void kernel_f32_pixels(const uint8_t *pixels, int32_t plane, int32_t channels, const float *scale,
                              const float *shift, float *dst) {
  int32_t c, p;
  for (c = 0; c < channels; ++c)
    for (p = 0; p < plane; ++p) *dst++ = (float)pixels[p * channels + c] * scale[c] + shift[c];
}
