/* Over the channels of each pixel; dst may be src. */
#include <math.h>
#include <stdint.h>

static void kernel_f32_layer_norm(const float *src, int32_t channels, int32_t plane, float *dst) {
  int32_t p, c;
  for (p = 0; p < plane; ++p) {
    float mean = 0, variance = 0, factor;
    for (c = 0; c < channels; ++c) mean += src[(long)c * plane + p];
    mean /= (float)channels;
    for (c = 0; c < channels; ++c) {
      const float distance = src[(long)c * plane + p] - mean;
      variance += distance * distance;
    }
    factor = 1.0F / sqrtf(variance / (float)channels + 1e-6F);
    for (c = 0; c < channels; ++c) dst[(long)c * plane + p] = (src[(long)c * plane + p] - mean) * factor;
  }
}
