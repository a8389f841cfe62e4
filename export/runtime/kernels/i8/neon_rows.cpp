// The int8 kernels of NEON that do not depend on sdot: depthwise convolutions, rows of an image,
// products, gathered lanes, tables, sums, means.
#if defined(__aarch64__)
#  include <cstring>

#  include "export/runtime/kernels/i8/neon.hpp"
#  include "export/runtime/kernels/i8/plain_rows.hpp"

namespace atto::edge::neon {
namespace {

/// The 16 bytes of a pixel as words.
struct Words {
  int16x8_t halves[2];
};
ATTO_INLINE Words words_of(uint8x16_t pixel) {
  return {{vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(pixel))),
           vreinterpretq_s16_u16(vmovl_high_u8(pixel))}};
}
/// Less the zero point.
ATTO_INLINE Words centred(const std::uint8_t* pixel, std::int32_t zero) {
  Words words = words_of(vld1q_u8(pixel));
  for (int16x8_t& half : words.halves)
    half = vsubq_s16(half, vdupq_n_s16(static_cast<std::int16_t>(zero)));
  return words;
}

ATTO_INLINE void floats_of(const Words& words, FloatLanes& lanes) {
  for (int h = 0; h < 2; ++h) {
    lanes[2 * h] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(words.halves[h])));
    lanes[2 * h + 1] = vcvtq_f32_s32(vmovl_high_s16(words.halves[h]));
  }
}

/// Four pixels of a plane as integers 0 .. 255; what is no number counts as the smallest.
ATTO_INLINE uint32x4_t image_values(const float* plane, const I8ImageRow& row) {
  const auto zero_point = static_cast<float>(row.zero_point);
  if (plane == nullptr) return vdupq_n_u32(static_cast<std::uint32_t>(row.zero_point));
  float32x4_t x = vdivq_f32(vld1q_f32(plane), vdupq_n_f32(row.scale));
  x = vminq_f32(vmaxnmq_f32(x, vdupq_n_f32(-zero_point)), vdupq_n_f32(255 - zero_point));
  return vreinterpretq_u32_s32(vaddq_s32(vcvtnq_s32_f32(x), vdupq_n_s32(row.zero_point)));
}

/// P neighbouring outputs of one block, in words of 16 bits: nothing is taken from activations.
template <int P>
ATTO_INLINE void depthwise_pixels(const I8DepthwiseRow& row, int block, int x) {
  Lanes sums[P];
  for (int i = 0; i < P; ++i)
    for (int j = 0; j < kVectors; ++j)
      sums[i][j] = vld1q_s32(row.bias + block * format::kLanes + 4 * j);
  const std::int8_t* w = row.weights + block * row.weight_step;
  const std::ptrdiff_t pitch = std::ptrdiff_t{row.stride} * format::kLanes;
  const std::uint8_t* line = row.src + block * row.block_step + x * pitch;
  for (int ky = row.ky_begin; ky < row.ky_end; ++ky, line += row.row_step) {
    const std::uint8_t* tap = line;
    for (int kx = 0; kx < row.kernel_width; ++kx, tap += row.column_step, w += format::kLanes) {
      const int8x16_t bytes = vld1q_s8(w);
      const int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_high_s8(bytes);
#  pragma GCC unroll 4
      for (int i = 0; i < P; ++i) {
        const auto [a, b] = words_of(vld1q_u8(tap + i * pitch)).halves;
        sums[i][0] = vmlal_s16(sums[i][0], vget_low_s16(a), vget_low_s16(low));
        sums[i][1] = vmlal_high_s16(sums[i][1], a, low);
        sums[i][2] = vmlal_s16(sums[i][2], vget_low_s16(b), vget_low_s16(high));
        sums[i][3] = vmlal_high_s16(sums[i][3], b, high);
      }
    }
  }
  for (int i = 0; i < P; ++i) {
    const std::ptrdiff_t at = std::ptrdiff_t{x + i} * format::kLanes;
    vst1q_u8(
        row.dst + block * row.dst_step + at,
        to_bytes(
            sums[i], row.requantisation, row.requantisation.multipliers + block * format::kLanes,
            row.residual == nullptr ? nullptr : row.residual + block * row.residual_step + at));
  }
}

}  // namespace

void depthwise_row(const I8DepthwiseRow& row) {
  constexpr int kTogether = 4;
  for (int b = 0; b < row.blocks; ++b) {
    int x = 0;
    for (; x + kTogether <= row.width; x += kTogether) depthwise_pixels<kTogether>(row, b, x);
    for (; x < row.width; ++x) depthwise_pixels<1>(row, b, x);
  }
}

void image_row(const I8ImageRow& row) {
  int x = 0;
  for (; x + 4 <= row.count; x += 4) {
    uint32x4_t quads = vdupq_n_u32(0);
    for (int k = 3; k >= 0; --k) {
      const float* plane = row.planes[k] == nullptr ? nullptr : row.planes[k] + x;
      quads = vorrq_u32(vshlq_n_u32(quads, 8), image_values(plane, row));
    }
    std::uint8_t bytes[16];
    vst1q_u8(bytes, vreinterpretq_u8_u32(quads));
    for (int i = 0; i < 4; ++i) std::memcpy(row.dst + (x + i) * row.pixel_step, bytes + 4 * i, 4);
  }
  i8::image_row(row, x);
}

void product_row(const I8ProductRow& row) {
  const float32x4_t factor = vdupq_n_f32(row.factor);
  Words b = centred(row.b, row.b_zero);
  for (int x = 0; x < row.width; ++x) {
    const std::ptrdiff_t at = std::ptrdiff_t{x} * format::kLanes;
    const Words a = centred(row.a + at, row.a_zero);
    if (!row.is_gate) b = centred(row.b + at, row.b_zero);
    FloatLanes products;
    for (int h = 0; h < 2; ++h) {
      const int16x8_t left = a.halves[h], right = b.halves[h];
      products[2 * h] = vcvtq_f32_s32(vmull_s16(vget_low_s16(left), vget_low_s16(right)));
      products[2 * h + 1] = vcvtq_f32_s32(vmull_high_s16(left, right));
    }
    for (float32x4_t& product : products) product = vmulq_f32(product, factor);
    vst1q_u8(row.dst + at, to_bytes(products, row.bounds));
  }
}

void gather_row(const I8GatheredRow& row) {
  const I8Bounds bounds{0, 255, row.zero_point};
  Words zeros;
  for (int h = 0; h < 2; ++h)
    zeros.halves[h] = vcombine_s16(vmovn_s32(vld1q_s32(row.zeros + 8 * h)),
                                   vmovn_s32(vld1q_s32(row.zeros + 8 * h + 4)));
  for (int x = 0; x < row.width; ++x) {
    const std::ptrdiff_t at = std::ptrdiff_t{x} * format::kLanes;
    uint8x16_t picked = vdupq_n_u8(0);
    for (std::size_t s = 0; s < row.source_count; ++s)
      picked = vorrq_u8(
          picked, vqtbl1q_u8(vld1q_u8(row.sources[s].src + at), vld1q_u8(row.sources[s].lanes)));
    Words words = words_of(picked);
    for (int h = 0; h < 2; ++h) words.halves[h] = vsubq_s16(words.halves[h], zeros.halves[h]);
    FloatLanes values;
    floats_of(words, values);
    for (int j = 0; j < kVectors; ++j)
      values[j] = vmulq_f32(values[j], vld1q_f32(row.factors + 4 * j));
    vst1q_u8(row.dst + at, to_bytes(values, bounds));
  }
}

void table_row(const I8TableRow& row) {
  constexpr int kQuarter = 64;
  uint8x16x4_t quarters[4];
  for (int q = 0; q < 4; ++q) quarters[q] = vld1q_u8_x4(row.table + q * kQuarter);
  for (std::size_t i = 0; i < row.count; i += format::kLanes) {
    // What lies beyond a quarter looks up nothing in it.
    uint8x16_t at = vld1q_u8(row.src + i);
    uint8x16_t found = vqtbl4q_u8(quarters[0], at);
    for (int q = 1; q < 4; ++q) {
      at = vsubq_u8(at, vdupq_n_u8(kQuarter));
      found = vqtbx4q_u8(found, quarters[q], at);
    }
    vst1q_u8(row.dst + i, found);
  }
}

void sum_row(const I8SumRow& row) {
  for (int x = 0; x < row.width; ++x) {
    const std::ptrdiff_t at = std::ptrdiff_t{x} * format::kLanes;
    FloatLanes sums;
    for (float32x4_t& sum : sums) sum = vdupq_n_f32(-0.0F);
    for (std::size_t t = 0; t < row.term_count; ++t) {
      const I8Term& term = row.terms[t];
      FloatLanes values;
      floats_of(
          centred(term.src + row.y * term.row_step + row.block * term.block_step + at, term.zero),
          values);
      for (int j = 0; j < kVectors; ++j)
        sums[j] = vaddq_f32(sums[j], vmulq_f32(values[j], vdupq_n_f32(term.factor)));
    }
    vst1q_u8(row.dst + at, to_bytes(sums, row.bounds));
  }
}

void mean(const I8MeanCell& cell) {
  constexpr int kMaxSummed = 256;  // times 255 is a word
  uint16x8_t words[2] = {vdupq_n_u16(0), vdupq_n_u16(0)};
  Lanes sums;
  for (int32x4_t& sum : sums) sum = vdupq_n_s32(-cell.rows * cell.columns * cell.zero);
  int summed = 0;
  const auto widen = [&] {
    for (int h = 0; h < 2; ++h) {
      sums[2 * h] =
          vaddq_s32(sums[2 * h], vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(words[h]))));
      sums[2 * h + 1] = vaddq_s32(sums[2 * h + 1], vreinterpretq_s32_u32(vmovl_high_u16(words[h])));
      words[h] = vdupq_n_u16(0);
    }
    summed = 0;
  };
  for (int y = 0; y < cell.rows; ++y)
    for (int x = 0; x < cell.columns; ++x) {
      const uint8x16_t pixel =
          vld1q_u8(cell.src + y * cell.row_step + std::ptrdiff_t{x} * format::kLanes);
      words[0] = vaddw_u8(words[0], vget_low_u8(pixel));
      words[1] = vaddw_high_u8(words[1], pixel);
      if (++summed == kMaxSummed) widen();
    }
  widen();
  FloatLanes means;
  for (int j = 0; j < kVectors; ++j)
    means[j] = vmulq_f32(vcvtq_f32_s32(sums[j]), vdupq_n_f32(cell.factor));
  vst1q_u8(cell.dst, to_bytes(means, cell.bounds));
}

}  // namespace atto::edge::neon
#endif
