/* A transposed convolution whose windows do not meet: weights [out_channels][in_channels][kernel][kernel].
   An output sees one tap of each channel: so biases are without the zero point's share, which `padding` is. */
#include "helper.h"
#include "window.h"
#include "i8_layer.h"

KERNEL_ENTRY void kernel_i8_deconv(const kernel_window *window, const kernel_i8_layer *layer, const uint8_t *src,
                             uint8_t *dst) {
  const int32_t kernel = window->taps_down, taps = kernel * kernel;
  const int32_t in_plane = window->in_height * window->in_width;
  int32_t o, y, x, i;
  for (o = 0; o < window->out_channels; ++o)
    for (y = 0; y < window->out_height; ++y)
      for (x = 0; x < window->out_width; ++x) {
        const int8_t *w = layer->weights + (long)o * window->in_channels * taps + y % kernel * kernel + x % kernel;
        const uint8_t *from = src + y / kernel * window->in_width + x / kernel;
        int32_t sum = layer->bias[o];
        for (i = 0; i < window->in_channels; ++i, w += taps, from += in_plane) sum += (int32_t)*w * ((int32_t)*from - layer->padding);
        *dst++ = kernel_i8_finished(layer, o, sum, NULL);
      }
}
