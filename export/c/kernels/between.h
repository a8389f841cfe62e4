#pragma once
/* Where between two pixels the middle of an enlarged one lies: weights out of 2 * factor. */
#include "helper.h"
#include <stdint.h>

typedef struct {
  int32_t first, second; /* pixels */
  int32_t share;         /* of the second */
} kernel_between;

KERNEL_HELPER kernel_between kernel_place_between(int32_t place, int32_t factor, int32_t side) {
  kernel_between between;
  const int32_t from = 2 * place + 1 > factor ? 2 * place + 1 - factor : 0;
  between.first = from / (2 * factor);
  between.second = between.first + 1 < side ? between.first + 1 : side - 1;
  between.share = from % (2 * factor);
  return between;
}
