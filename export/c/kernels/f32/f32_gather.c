/* Planes from anywhere in the arena, one after another. */
#include <stdint.h>
#include <string.h>

static void kernel_f32_gather(const unsigned char *arena, const uint32_t *places, int32_t planes, int32_t plane,
                              float *dst) {
  int32_t c;
  for (c = 0; c < planes; ++c) memcpy(dst + (long)c * plane, arena + places[c], (size_t)plane * sizeof(float));
}
