/* A transposed convolution whose windows do not meet: weights [out_channels][in_channels][kernel][kernel]. */
#include "window.h"
#include "f32_layer.h"

static void kernel_f32_deconv(const kernel_window *window, const kernel_f32_layer *layer, const float *src, float *dst) {
  const int32_t kernel = window->taps_down, taps = kernel * kernel;
  const int32_t in_plane = window->in_height * window->in_width;
  int32_t o, y, x, i;
  for (o = 0; o < window->out_channels; ++o)
    for (y = 0; y < window->out_height; ++y)
      for (x = 0; x < window->out_width; ++x) {
        const float *w = layer->weights + (long)o * window->in_channels * taps + y % kernel * kernel + x % kernel;
        const float *from = src + y / kernel * window->in_width + x / kernel;
        float sum = 0;
        for (i = 0; i < window->in_channels; ++i, w += taps, from += in_plane) sum += *w * *from;
        *dst++ = kernel_f32_clamped(layer, sum + layer->bias[o]);
      }
}
