#pragma once
/* A window that slides over maps [channels][height][width]. Output (y, x) sees rows y * stride_height - top +
   k * dilation, and columns likewise; what lies outside of the map is padding. */
#include <stdint.h>
#include <string.h>

typedef struct {
  int32_t in_channels, in_height, in_width;
  int32_t out_channels, out_height, out_width;
  int32_t groups;
  int32_t taps_down, taps_across;
  int32_t stride_height, stride_width;
  int32_t dilation;
  int32_t top, left;
} kernel_window;
