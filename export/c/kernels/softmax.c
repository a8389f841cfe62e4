/* Over the channels of each pixel; dst may be src. */
#include "helper.h"
#include <math.h>
#include <stdint.h>

KERNEL_ENTRY void kernel_softmax(const float *src, int32_t channels, int32_t plane, float *dst) {
  int32_t p, c;
  for (p = 0; p < plane; ++p) {
    float largest = src[p], sum = 0;
    for (c = 1; c < channels; ++c) largest = src[(long)c * plane + p] > largest ? src[(long)c * plane + p] : largest;
    for (c = 0; c < channels; ++c) {
      const float power = expf(src[(long)c * plane + p] - largest);
      dst[(long)c * plane + p] = power;
      sum += power;
    }
    for (c = 0; c < channels; ++c) dst[(long)c * plane + p] /= sum;
  }
}
