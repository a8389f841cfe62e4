#pragma once
// The .atto file: 64 bytes of header | FlatBuffers metadata (model.fbs) | weights from a 64-byte
// aligned offset on. Little-endian.
//
//   0 "ATTOMDL\n"   8 u32 version   12 u32 zero     16 u64 metadata offset   24 u64 metadata bytes
//  32 u64 weights offset   40 u64 weight bytes   48 u64 checksum of bytes 0..47 and the metadata
//  56 u64 checksum of the weights
//
// Opening checks everything but the weights' checksum: weights are numbers and cannot lead astray.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "export/format/model_error.hpp"
#include "export/format/program.hpp"

namespace atto::format {

/// What this runtime reads. A file is of the oldest version that knows all of its steps: 4 if one
/// is_winograd, 5 if a table or activation takes its input in strips, 6 from StepKind::LayerNorm
/// on, or if a window slides differently down and across.
inline constexpr std::uint32_t kOldestVersion = 3, kWinogradVersion = 4, kStripVersion = 5,
                               kVersion = 6;
inline constexpr std::size_t kHeaderBytes = 64;

struct ModelFile {
  Program program;
  std::vector<std::byte> weights;
};

/// A file's bytes, read: the program copied, the weights in place.
struct ModelView {
  Program program;
  std::span<const std::byte> weights;
  std::uint64_t weights_offset = 0;
  std::uint64_t weights_checksum = 0;
};

/// Writes a file.
std::vector<std::byte> encode(const ModelFile& model);

/// Reads and checks: header, sizes, checksum, FlatBuffers structure, then every rule of program.hpp
/// (check_program). Throws ModelError. `bytes` must start at a multiple of 64.
ModelView decode(std::span<const std::byte> bytes);

/// 64-bit checksum; not cryptographic.
std::uint64_t checksum(std::span<const std::byte> bytes, std::uint64_t seed = 0);

}  // namespace atto::format
