#pragma once
// Int8 convolutions without intrinsics, for a compiler to turn into any level's instructions.

#include "export/runtime/kernels/i8/kernels.hpp"

namespace atto::edge::i8 {

#define ATTO_INLINE inline __attribute__((always_inline))

/// The first tile behind `begin` that has another number of pixels.
inline std::size_t end_of_run(const I8Panel& panel, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < panel.tile_count && panel.tiles[end].pixels == panel.tiles[begin].pixels) ++end;
  return end;
}

/// Makes tiles [begin, end) of a panel pixel by pixel: make() gets panels of one pixel.
template <class Make>
void pixel_by_pixel(const I8Panel& panel, std::size_t begin, std::size_t end, const Make& make) {
  Tile pixel;
  I8Panel single = panel;
  single.tiles = &pixel;
  for (std::size_t t = begin; t < end; ++t) {
    single.tile_bias = panel.tile_bias + t;
    for (pixel = panel.tiles[t]; pixel.pixels > 0; --pixel.pixels, ++pixel.pixel) {
      make(single);
      pixel.src += panel.pixel_step;
    }
  }
}

ATTO_INLINE float clamped(float x, Clamp clamp) {
  x = x > clamp.low ? x : clamp.low;
  return x < clamp.high ? x : clamp.high;
}

/// Sums wrap as the vector instructions do.
using Sum = std::uint32_t;

/// One block of one pixel; `residual` null for none.
ATTO_INLINE void finish(const Sum* sums, const I8Requantisation& how, const float* multipliers,
                        const std::uint8_t* residual, std::uint8_t* dst) {
  for (int l = 0; l < format::kLanes; ++l) {
    float x =
        clamped(static_cast<float>(static_cast<std::int32_t>(sums[l])) * multipliers[l], how.clamp);
    if (residual != nullptr)
      x = clamped(x + static_cast<float>(residual[l] - how.residual_zero) * how.residual_factor,
                  how.joined);
    dst[l] = i8_rounded(x, static_cast<float>(how.zero_point));
  }
}

/// Which byte of a pixel's block lane l reads as channel k of a quad.
constexpr int quad_byte(int quad, int k, int lane, int interleave) {
  return ((4 * quad + k) * interleave + lane % interleave) % format::kLanes;
}

/// Which bytes of a pixel's block arrange_groups puts side by side, repeated to fill `from`.
template <std::size_t Size>
void arranged_bytes_of(int interleave, int together, std::uint8_t (&from)[Size]) {
  const int groups = together == 1 ? 8 : 2;
  for (int i = 0; i < static_cast<int>(Size); ++i)
    from[i] = static_cast<std::uint8_t>(
        quad_byte(i / (4 * groups) % together, i % 4, i / 4 % groups, interleave));
}

/// Adds four channels: lane l has channels 4 * quad .. of its group, l mod interleave.
ATTO_INLINE void add_quad(Sum* sums, const std::uint8_t* src, int quad, int interleave,
                          const std::int8_t* weights) {
  for (int l = 0; l < format::kLanes; ++l)
    for (int k = 0; k < 4; ++k)
      sums[l] += static_cast<Sum>(std::int32_t{src[quad_byte(quad, k, l, interleave)]} *
                                  weights[l * 4 + k]);
}

ATTO_INLINE void conv_pixel(const I8Panel& panel, std::size_t t, int pixel, int block) {
  const Tile& tile = panel.tiles[t];
  const std::int32_t* bias = panel.tile_bias[t] + panel.bias_offset + block * format::kLanes;
  Sum sums[format::kLanes];
  for (int l = 0; l < format::kLanes; ++l) sums[l] = static_cast<Sum>(bias[l]);
  const int quads = panel.full_blocks * 4 + panel.last_quads,
            of_block = i8_quads_of_block(panel.interleave);
  const std::int8_t* w = panel.weights + block * panel.weight_step +
                         std::ptrdiff_t{tile.ky_begin} * panel.kernel_width * quads * 64;
  const std::uint8_t* row = panel.src + tile.src + pixel * panel.pixel_step;
  for (int ky = tile.ky_begin; ky < tile.ky_end; ++ky, row += panel.row_step) {
    const std::uint8_t* tap = row;
    for (int kx = 0; kx < panel.kernel_width; ++kx, tap += panel.column_step)
      for (int q = 0; q < quads; ++q, w += 64)
        add_quad(sums, tap + q / of_block * panel.block_step, q % of_block, panel.interleave, w);
  }
  const std::size_t at = tile.pixel + static_cast<std::size_t>(pixel);
  finish(sums, panel.requantisation, panel.requantisation.multipliers + block * format::kLanes,
         panel.residual == nullptr
             ? nullptr
             : panel.residual + block * panel.residual_step + panel.residual_offset[at],
         panel.dst + block * panel.dst_step + panel.dst_offset[at]);
}

ATTO_INLINE void conv(const I8Panel& panel) {
  for (std::size_t t = 0; t < panel.tile_count; ++t)
    for (int b = 0; b < panel.blocks; ++b)
      for (int p = 0; p < static_cast<int>(panel.tiles[t].pixels); ++p) conv_pixel(panel, t, p, b);
}

ATTO_INLINE void depthwise_row(const I8DepthwiseRow& row) {
  for (int b = 0; b < row.blocks; ++b)
    for (int x = 0; x < row.width; ++x) {
      Sum sums[format::kLanes];
      for (int l = 0; l < format::kLanes; ++l)
        sums[l] = static_cast<Sum>(row.bias[b * format::kLanes + l]);
      const std::int8_t* w = row.weights + b * row.weight_step;
      const std::uint8_t* line =
          row.src + b * row.block_step + std::ptrdiff_t{x} * row.stride * format::kLanes;
      for (int ky = row.ky_begin; ky < row.ky_end; ++ky, line += row.row_step)
        for (int kx = 0; kx < row.kernel_width; ++kx, w += format::kLanes) {
          const std::uint8_t* p = line + kx * row.column_step;
          for (int l = 0; l < format::kLanes; ++l)
            sums[l] += static_cast<Sum>(std::int32_t{p[l]} * w[l]);
        }
      const std::ptrdiff_t at = std::ptrdiff_t{x} * format::kLanes;
      finish(sums, row.requantisation, row.requantisation.multipliers + b * format::kLanes,
             row.residual == nullptr ? nullptr : row.residual + b * row.residual_step + at,
             row.dst + b * row.dst_step + at);
    }
}

}  // namespace atto::edge::i8
