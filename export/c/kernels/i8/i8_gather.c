/* Planes from anywhere in the arena, one after another, each through its table: [tables][256]. */
#include "helper.h"
#include <stdint.h>
#include <string.h>

typedef struct {
  uint32_t place;
  int32_t table; /* or -1: as it is */
} kernel_i8_plane;

KERNEL_ENTRY void kernel_i8_gather(const unsigned char *arena, const kernel_i8_plane *planes, int32_t count, int32_t plane,
                             const uint8_t *tables, uint8_t *dst) {
  int32_t c, p;
  for (c = 0; c < count; ++c, dst += plane) {
    const unsigned char *src = arena + planes[c].place;
    if (planes[c].table < 0)
      memcpy(dst, src, (size_t)plane);
    else
      for (p = 0; p < plane; ++p) dst[p] = tables[256 * planes[c].table + src[p]];
  }
}
