#pragma once
// Legal programs may still be large and slow: what the fuzz targets of model files leave out.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "export/format/header.hpp"
#include "export/format/program.hpp"

namespace atto::fuzz {

inline constexpr double kMaxBytes = 1 << 20;  ///< of the arena and of what chains may hold
inline constexpr double kMaxWork = 1e7;

/// Mends the checksum of the header and metadata that begin here, or nothing behind it would ever
/// be reached.
inline void repair(std::span<std::byte> file) {
  std::uint64_t section[2];
  if (file.size() < format::kHeaderBytes) return;
  std::memcpy(section, file.data() + 16, 16);
  if (section[0] > file.size() || section[1] > file.size() - section[0]) return;
  const std::span<const std::byte> all(file);
  const std::uint64_t sum =
      format::checksum(all.subspan(section[0], section[1]), format::checksum(all.first(48)));
  std::memcpy(file.data() + 48, &sum, 8);
}

inline double bytes_of(const format::Program& program) {
  auto bytes = static_cast<double>(program.arena_bytes);
  for (const format::Tensor& tensor : program.tensors)
    if (tensor.is_in_strips()) bytes += 4 * static_cast<double>(tensor.extent());
  return bytes;
}

/// A bound on what the steps do.
inline double work_of(const format::Program& program) {
  double work = 0;
  for (const format::Step& step : program.steps) {
    const format::Tensor& out = program.tensors[step.output];
    const double taps = static_cast<double>(step.window.height) * step.window.width;
    double reads = static_cast<double>(step.window.across.pad) + 1;
    for (const std::uint32_t input : step.inputs)
      reads += static_cast<double>(program.tensors[input].extent());
    // Unchecked where the step has no use for it.
    const double depth = static_cast<double>(step.wiring.in_blocks) * format::kLanes;
    work += static_cast<double>(out.extent()) * taps * std::max(depth, 1.0) + reads;
  }
  return work + static_cast<double>(program.channels) * program.height * program.width;
}

}  // namespace atto::fuzz
