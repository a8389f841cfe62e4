#pragma once
/* x / 6 + 1/2, between 0 and 1. */
#include "helper.h"

KERNEL_HELPER float kernel_f32_hard(float x) {
  x = x * (1.0F / 6.0F) + 0.5F;
  x = x < 0.0F ? 0.0F : x;
  return x > 1.0F ? 1.0F : x;
}
