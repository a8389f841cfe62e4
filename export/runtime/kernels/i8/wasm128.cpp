// The int8 kernels of WebAssembly's vectors but for convolutions over channels (wasm128_conv.cpp).
#include "export/runtime/kernels/i8/wasm128.hpp"
#ifdef ATTO_HAS_WASM128
#  include <cstring>

#  include "export/runtime/kernels/i8/plain_rows.hpp"

namespace atto::edge {
namespace wasm128 {
namespace {

constexpr int kMaxTaps = 49;  // of a depthwise window

/// Bytes of 16 lanes at two places, side by side and widened: vector j has lanes 4 * j ..
ATTO_WASM_INLINE void widened_pairs(v128_t a, v128_t b, bool is_signed, Lanes& words) {
  const v128_t halves[2] = {
      wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
      wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)};
  for (int h = 0; h < 2; ++h) {
    words[2 * h] =
        is_signed ? wasm_i16x8_extend_low_i8x16(halves[h]) : wasm_u16x8_extend_low_u8x16(halves[h]);
    words[2 * h + 1] = is_signed ? wasm_i16x8_extend_high_i8x16(halves[h])
                                 : wasm_u16x8_extend_high_u8x16(halves[h]);
  }
}

/// The taps of a depthwise window in pairs, an odd one beside zero weights.
struct TapPairs {
  int count = 0;
  std::ptrdiff_t at[(kMaxTaps + 1) / 2][2];
  Lanes weights[(kMaxTaps + 1) / 2];
};

ATTO_WASM_INLINE void pair_taps(const I8DepthwiseRow& row, int block, TapPairs& pairs) {
  const int taps = (row.ky_end - row.ky_begin) * row.kernel_width;
  const std::int8_t* w = row.weights + block * row.weight_step;
  pairs.count = (taps + 1) / 2;
  for (int p = 0; p < pairs.count; ++p) {
    v128_t bytes[2];
    for (int k = 0; k < 2; ++k) {
      const int tap = 2 * p + k;
      const bool is_there = tap < taps;
      bytes[k] =
          is_there ? wasm_v128_load(w + std::ptrdiff_t{tap} * format::kLanes) : wasm_i32x4_splat(0);
      pairs.at[p][k] = is_there ? tap / row.kernel_width * row.row_step +
                                      tap % row.kernel_width * row.column_step
                                : pairs.at[p][0];
    }
    widened_pairs(bytes[0], bytes[1], true, pairs.weights[p]);
  }
}

template <int P>
ATTO_WASM_INLINE void depthwise_pixels(const I8DepthwiseRow& row, const TapPairs& pairs,
                                       const std::int32_t* bias, const Ending& ending,
                                       const std::uint8_t* src, std::uint8_t* dst,
                                       const std::uint8_t* residual) {
  const std::ptrdiff_t pitch = std::ptrdiff_t{row.stride} * format::kLanes;
  Lanes sums[P];
  for (int i = 0; i < P; ++i)
    for (int j = 0; j < kVectors; ++j) sums[i][j] = wasm_v128_load(bias + 4 * j);
  for (int p = 0; p < pairs.count; ++p) {
    const std::uint8_t *a = src + pairs.at[p][0], *b = src + pairs.at[p][1];
    for (int i = 0; i < P; ++i) {
      Lanes words;
      widened_pairs(wasm_v128_load(a + i * pitch), wasm_v128_load(b + i * pitch), false, words);
      for (int j = 0; j < kVectors; ++j) add_products(sums[i][j], words[j], pairs.weights[p][j]);
    }
  }
  for (int i = 0; i < P; ++i)
    ending.store(dst + i * format::kLanes, sums[i],
                 residual == nullptr ? nullptr : residual + i * format::kLanes);
}

void depthwise_row(const I8DepthwiseRow& row) {
  constexpr int kTogether = 2;
  if ((row.ky_end - row.ky_begin) * row.kernel_width > kMaxTaps) return i8::depthwise_row(row);
  const std::ptrdiff_t pitch = std::ptrdiff_t{row.stride} * format::kLanes;
  TapPairs pairs;
  for (int b = 0; b < row.blocks; ++b) {
    pair_taps(row, b, pairs);
    const Ending ending(row.requantisation, row.requantisation.multipliers + b * format::kLanes);
    const std::int32_t* bias = row.bias + b * format::kLanes;
    const std::uint8_t* src = row.src + b * row.block_step;
    std::uint8_t* dst = row.dst + b * row.dst_step;
    const std::uint8_t* residual =
        row.residual == nullptr ? nullptr : row.residual + b * row.residual_step;
    const auto make = [&]<int P>(int x) {
      const std::ptrdiff_t at = std::ptrdiff_t{x} * format::kLanes;
      depthwise_pixels<P>(row, pairs, bias, ending, src + x * pitch, dst + at,
                          residual == nullptr ? nullptr : residual + at);
    };
    int x = 0;
    for (; x + kTogether <= row.width; x += kTogether) make.template operator()<kTogether>(x);
    if (x < row.width) make.template operator()<1>(x);
  }
}

/// Four pixels of a plane as integers 0 .. 255; what is no number counts as the smallest.
ATTO_WASM_INLINE v128_t image_values(const float* plane, const I8ImageRow& row,
                                     const Rounding& by) {
  if (plane == nullptr) return wasm_i32x4_splat(row.zero_point);
  return rounded(wasm_f32x4_div(wasm_v128_load(plane), wasm_f32x4_splat(row.scale)), by);
}

void image_row(const I8ImageRow& row) {
  const Rounding by = rounding_of({0, 255, row.zero_point});
  int x = 0;
  for (; x + 4 <= row.count; x += 4) {
    v128_t quads = wasm_i32x4_splat(0);
    for (int k = 3; k >= 0; --k) {
      const float* plane = row.planes[k] == nullptr ? nullptr : row.planes[k] + x;
      quads = wasm_v128_or(wasm_i32x4_shl(quads, 8), image_values(plane, row, by));
    }
    std::uint8_t bytes[16];
    wasm_v128_store(bytes, quads);
    for (int i = 0; i < 4; ++i) std::memcpy(row.dst + (x + i) * row.pixel_step, bytes + 4 * i, 4);
  }
  i8::image_row(row, x);
}

/// The 16 bytes of a pixel less its zero point, as words.
struct Words {
  v128_t halves[2];
};
ATTO_WASM_INLINE Words centred(v128_t pixel, std::int32_t zero) {
  const v128_t zeros = wasm_i16x8_splat(static_cast<std::int16_t>(zero));
  return {{wasm_i16x8_sub(wasm_u16x8_extend_low_u8x16(pixel), zeros),
           wasm_i16x8_sub(wasm_u16x8_extend_high_u8x16(pixel), zeros)}};
}
ATTO_WASM_INLINE void floats_of(const Words& words, Lanes& lanes) {
  for (int h = 0; h < 2; ++h) {
    lanes[2 * h] = wasm_f32x4_convert_i32x4(wasm_i32x4_extend_low_i16x8(words.halves[h]));
    lanes[2 * h + 1] = wasm_f32x4_convert_i32x4(wasm_i32x4_extend_high_i16x8(words.halves[h]));
  }
}

void product_row(const I8ProductRow& row) {
  const Rounding by = rounding_of(row.bounds);
  const v128_t factor = wasm_f32x4_splat(row.factor), none = wasm_i16x8_splat(0);
  Words b = centred(wasm_v128_load(row.b), row.b_zero);
  for (int x = 0; x < row.width; ++x) {
    const std::ptrdiff_t at = std::ptrdiff_t{x} * format::kLanes;
    const Words a = centred(wasm_v128_load(row.a + at), row.a_zero);
    if (!row.is_gate) b = centred(wasm_v128_load(row.b + at), row.b_zero);
    Lanes products;
    for (int h = 0; h < 2; ++h) {  // words beside zeros
      const v128_t low[2] = {wasm_i16x8_shuffle(a.halves[h], none, 0, 8, 1, 8, 2, 8, 3, 8),
                             wasm_i16x8_shuffle(b.halves[h], none, 0, 8, 1, 8, 2, 8, 3, 8)};
      const v128_t high[2] = {wasm_i16x8_shuffle(a.halves[h], none, 4, 8, 5, 8, 6, 8, 7, 8),
                              wasm_i16x8_shuffle(b.halves[h], none, 4, 8, 5, 8, 6, 8, 7, 8)};
      products[2 * h] = wasm_i32x4_dot_i16x8(low[0], low[1]);
      products[2 * h + 1] = wasm_i32x4_dot_i16x8(high[0], high[1]);
    }
    for (v128_t& product : products)
      product = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(product), factor);
    wasm_v128_store(row.dst + at, to_bytes(products, by));
  }
}

void gather_row(const I8GatheredRow& row) {
  const Rounding by = rounding_of({0, 255, row.zero_point});
  for (int x = 0; x < row.width; ++x) {
    const std::ptrdiff_t at = std::ptrdiff_t{x} * format::kLanes;
    v128_t picked = wasm_i32x4_splat(0);
    for (std::size_t s = 0; s < row.source_count; ++s)
      picked = wasm_v128_or(picked, wasm_i8x16_swizzle(wasm_v128_load(row.sources[s].src + at),
                                                       wasm_v128_load(row.sources[s].lanes)));
    Lanes values;
    const Words words = centred(picked, 0);
    for (int h = 0; h < 2; ++h) {
      values[2 * h] = wasm_i32x4_extend_low_i16x8(words.halves[h]);
      values[2 * h + 1] = wasm_i32x4_extend_high_i16x8(words.halves[h]);
    }
    for (int j = 0; j < kVectors; ++j)
      values[j] = wasm_f32x4_mul(
          wasm_f32x4_convert_i32x4(wasm_i32x4_sub(values[j], wasm_v128_load(row.zeros + 4 * j))),
          wasm_v128_load(row.factors + 4 * j));
    wasm_v128_store(row.dst + at, to_bytes(values, by));
  }
}

void sum_row(const I8SumRow& row) {
  const Rounding by = rounding_of(row.bounds);
  for (int x = 0; x < row.width; ++x) {
    const std::ptrdiff_t at = std::ptrdiff_t{x} * format::kLanes;
    Lanes sums;
    for (v128_t& sum : sums) sum = wasm_f32x4_splat(-0.0F);
    for (std::size_t t = 0; t < row.term_count; ++t) {
      const I8Term& term = row.terms[t];
      const v128_t factor = wasm_f32x4_splat(term.factor);
      Lanes values;
      floats_of(centred(wasm_v128_load(term.src + row.y * term.row_step +
                                       row.block * term.block_step + at),
                        term.zero),
                values);
      for (int j = 0; j < kVectors; ++j)
        sums[j] = wasm_f32x4_add(sums[j], wasm_f32x4_mul(values[j], factor));
    }
    wasm_v128_store(row.dst + at, to_bytes(sums, by));
  }
}

void mean(const I8MeanCell& cell) {
  constexpr int kMaxSummed = 256;  // times 255 is a word
  v128_t words[2] = {wasm_i16x8_splat(0), wasm_i16x8_splat(0)};
  Lanes sums;
  for (v128_t& sum : sums) sum = wasm_i32x4_splat(-cell.rows * cell.columns * cell.zero);
  int summed = 0;
  const auto widen = [&] {
    for (int h = 0; h < 2; ++h) {
      sums[2 * h] = wasm_i32x4_add(sums[2 * h], wasm_u32x4_extend_low_u16x8(words[h]));
      sums[2 * h + 1] = wasm_i32x4_add(sums[2 * h + 1], wasm_u32x4_extend_high_u16x8(words[h]));
      words[h] = wasm_i16x8_splat(0);
    }
    summed = 0;
  };
  for (int y = 0; y < cell.rows; ++y)
    for (int x = 0; x < cell.columns; ++x) {
      const std::uint8_t* pixel = cell.src + y * cell.row_step + std::ptrdiff_t{x} * format::kLanes;
      for (int h = 0; h < 2; ++h)
        words[h] = wasm_i16x8_add(words[h], wasm_u16x8_load8x8(pixel + 8 * h));
      if (++summed == kMaxSummed) widen();
    }
  widen();
  for (v128_t& sum : sums)
    sum = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sum), wasm_f32x4_splat(cell.factor));
  wasm_v128_store(cell.dst, to_bytes(sums, rounding_of(cell.bounds)));
}

constexpr I8Kernels kWasm128 = {.max_pixels = kConvPixels,
                                .conv_shift = 0,
                                .conv = conv,
                                .words = {word_conv, widen_pixels, widen_weights},
                                .arrange_groups = arrange_groups,
                                .depthwise_row = depthwise_row,
                                .depthwise_block = nullptr,
                                .image_row = image_row,
                                .product_row = product_row,
                                .gather_row = gather_row,
                                .table_row = i8::table_row,
                                .sum_row = sum_row,
                                .mean = mean};

}  // namespace
}  // namespace wasm128

const I8Kernels& i8_wasm128_kernels() {
  return wasm128::kWasm128;
}

}  // namespace atto::edge
#endif
