#pragma once
// The program of a model file: tensors at fixed places in one arena, and a flat list of fused
// steps.
//
// A tensor's values lie in rows; a row holds blocks of 16 channels ("lanes"); a block holds the
// row's pixels, each 16 lanes wide, behind `halo` columns of padding:
//
//   row y:  | block 0: halo, x = 0 .. width-1 | block 1: halo, x = 0 .. width-1 | ...
//
// The padding right of a block is the padding left of the next one; one more halo ends the tensor.
// Rows above and below the map do not exist. Which channel a lane holds is the lowering's choice
// (Tensor::lanes): weights are packed accordingly, and a lane without a channel holds any finite
// value.
//
// A tensor in strips has no place: the step that makes it and the next one, which alone reads it,
// run in turns, a few rows at a time. Steps joined by such tensors are a chain.

#include <cstdint>
#include <string>
#include <vector>

#include "export/format/step.hpp"

namespace atto::format {

/// Every storage and every weight block starts at a multiple of this.
inline constexpr std::uint64_t kAlignment = 64;

enum class Element : std::uint8_t { F32, Bf16, U8 };
inline constexpr int kElements = 3;
constexpr std::uint64_t element_bytes(Element element) {
  return element == Element::F32 ? 4 : element == Element::Bf16 ? 2 : 1;
}

/// The storage of tensors in strips.
inline constexpr std::uint32_t kInStrips = 0xffffffff;

/// Bytes of the arena. Tensors that share a storage replace each other.
struct Storage {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

struct Tensor {
  std::int32_t channels = 0, height = 0, width = 0;
  Element element = Element::F32;
  std::int32_t halo = 0;
  std::uint32_t storage = 0;  ///< or kInStrips
  /// The channel in each lane, -1 for none; empty: lane i holds channel i.
  std::vector<std::int32_t> lanes;
  float scale = 1;  ///< U8: real = scale * (q - zero_point)
  std::int32_t zero_point = 0;

  bool is_in_strips() const { return storage == kInStrips; }
  std::int64_t blocks() const {
    return lanes.empty() ? (std::int64_t{channels} + kLanes - 1) / kLanes
                         : static_cast<std::int64_t>(lanes.size()) / kLanes;
  }
  std::int64_t block_stride() const {
    return (std::int64_t{width} + halo) * kLanes;
  }  ///< in elements
  std::int64_t row_stride() const { return blocks() * block_stride(); }
  /// Elements of the whole tensor with its padding.
  std::int64_t extent() const { return height * row_stride() + std::int64_t{halo} * kLanes; }
  /// Element index of the first value: pixel (0, 0) of block 0.
  std::int64_t origin() const { return std::int64_t{halo} * kLanes; }
};

struct ProgramOutput {
  std::string name;
  std::uint32_t tensor = 0;
};

struct Program {
  std::string name;
  std::uint64_t structure_hash = 0;
  std::string precision;  ///< "fp32", "bf16", "int8"
  std::string producer;
  /// The image: [channels, height, width], row-major; the network sees
  /// (pixel / 255 - mean[c]) / deviation[c].
  std::int32_t channels = 0, height = 0, width = 0;
  std::vector<float> mean, deviation;
  std::vector<std::string> classes;
  std::vector<ProgramOutput> outputs;
  std::uint64_t arena_bytes = 0;
  std::vector<Storage> storages;
  std::vector<Tensor> tensors;
  std::vector<Step> steps;

  std::int64_t macs() const;
};

}  // namespace atto::format
