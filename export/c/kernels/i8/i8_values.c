/* Normalised values to bytes. */
#include "helper.h"
#include "i8_to.h"

KERNEL_ENTRY void kernel_i8_values(const float *values, int32_t count, float scale, const kernel_i8_to *to, uint8_t *dst) {
  volatile float unit = scale; /* not turned into a factor */
  int32_t i;
  for (i = 0; i < count; ++i) dst[i] = kernel_i8_rounded(kernel_rounded_to_float(values[i] / unit), to);
}
