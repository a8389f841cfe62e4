/* The sum of tensors in the arena, in their order; dst may be one of them. */
#include "helper.h"
#include "i8_to.h"

typedef struct {
  uint32_t place;
  int32_t zero;
  float factor;
} kernel_i8_term;

KERNEL_ENTRY void kernel_i8_add(const unsigned char *arena, const kernel_i8_term *terms, int32_t count, int32_t elements,
                          const kernel_i8_to *to, uint8_t *dst) {
  int32_t e, i;
  for (e = 0; e < elements; ++e) {
    float x = 0;
    for (i = 0; i < count; ++i) {
      const kernel_i8_term *term = terms + i;
      const float value = kernel_product((float)((int32_t)arena[term->place + (uint32_t)e] - term->zero), term->factor);
      x = i == 0 ? value : kernel_rounded_to_float(x + value);
    }
    dst[e] = kernel_i8_rounded(x, to);
  }
}
