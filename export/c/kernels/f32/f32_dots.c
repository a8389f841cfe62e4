/* Four outputs of four pixels: columns [depth][stride] of which four are read, four rows of weights [depth]. All
   sums stay in registers. */
#include <stdint.h>

static void kernel_f32_dots(const float *columns, int32_t stride, const float *const rows[4], int32_t depth,
                            float sums[4][4]) {
  const float *w0 = rows[0], *w1 = rows[1], *w2 = rows[2], *w3 = rows[3];
  float a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
  float c0 = 0, c1 = 0, c2 = 0, c3 = 0, d0 = 0, d1 = 0, d2 = 0, d3 = 0;
  const float *end = w0 + depth;
  while (w0 != end) {
    const float x0 = columns[0], x1 = columns[1], x2 = columns[2], x3 = columns[3];
    float w = *w0++;
    a0 += w * x0, a1 += w * x1, a2 += w * x2, a3 += w * x3;
    w = *w1++;
    b0 += w * x0, b1 += w * x1, b2 += w * x2, b3 += w * x3;
    w = *w2++;
    c0 += w * x0, c1 += w * x1, c2 += w * x2, c3 += w * x3;
    w = *w3++;
    d0 += w * x0, d1 += w * x1, d2 += w * x2, d3 += w * x3;
    columns += stride;
  }
  sums[0][0] = a0, sums[0][1] = a1, sums[0][2] = a2, sums[0][3] = a3;
  sums[1][0] = b0, sums[1][1] = b1, sums[1][2] = b2, sums[1][3] = b3;
  sums[2][0] = c0, sums[2][1] = c1, sums[2][2] = c2, sums[2][3] = c3;
  sums[3][0] = d0, sums[3][1] = d1, sums[3][2] = d2, sums[3][3] = d3;
}
