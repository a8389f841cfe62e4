#include <cstring>

#include "export/format/model_file.hpp"

namespace atto::format {
namespace {

std::uint64_t mixed(std::uint64_t state, std::uint64_t word) {
  state = (state ^ word) * 0x9E3779B97F4A7C15u;
  return state ^ (state >> 29);
}

}  // namespace

std::uint64_t checksum(std::span<const std::byte> bytes, std::uint64_t seed) {
  // Four independent streams, so that a multiplication's latency is hidden.
  std::uint64_t streams[4] = {seed + 1, seed + 2, seed + 3, seed + 4};
  std::size_t at = 0;
  for (; at + 32 <= bytes.size(); at += 32) {
    std::uint64_t words[4];
    std::memcpy(words, bytes.data() + at, 32);
    for (int i = 0; i < 4; ++i) streams[i] = mixed(streams[i], words[i]);
  }
  std::uint64_t words[4] = {};
  if (at < bytes.size()) std::memcpy(words, bytes.data() + at, bytes.size() - at);
  for (int i = 0; i < 4; ++i) streams[i] = mixed(streams[i], words[i]);
  std::uint64_t result = bytes.size();
  for (const std::uint64_t stream : streams) result = mixed(result, stream);
  return result;
}

}  // namespace atto::format
