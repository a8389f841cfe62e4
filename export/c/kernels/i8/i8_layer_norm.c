/* Over the channels of each pixel, in double; dst may be src. epsilon is in units of whole sums. */
#include "helper.h"
#include <math.h>
#include "i8_to.h"

typedef struct {
  int32_t zero;
  double epsilon, scale;
  kernel_i8_to to;
} kernel_i8_norm;

KERNEL_ENTRY void kernel_i8_layer_norm(const kernel_i8_norm *norm, const uint8_t *src, int32_t channels, int32_t plane,
                                 uint8_t *dst) {
  int32_t p, c;
  for (p = 0; p < plane; ++p) {
    int64_t sum = 0, squares = 0;
    volatile double spread, root, deviation, factor;
    for (c = 0; c < channels; ++c) {
      const int64_t q = (int32_t)src[(long)c * plane + p] - norm->zero;
      sum += q;
      squares += q * q;
    }
    spread = (double)(channels * squares - sum * sum);
    spread = spread + norm->epsilon;
    root = sqrt(spread);
    deviation = root * norm->scale;
    factor = 1.0 / deviation;
    for (c = 0; c < channels; ++c) {
      volatile double distance =
          (double)(channels * (int64_t)((int32_t)src[(long)c * plane + p] - norm->zero) - sum);
      distance = distance * factor;
      dst[(long)c * plane + p] = kernel_i8_rounded(kernel_rounded_to_float((float)distance), &norm->to);
    }
  }
}
