#pragma once
// What a network's C file takes of a device, which its weights do not change.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "prototypes/network/network.hpp"

namespace atto::deploy::c {

struct CSizes {
  std::uint64_t constant_bytes = 0;
  std::uint64_t arena_bytes =
      0;  ///< tensors and scratch: all memory but some hundred bytes of stack
  std::map<std::string, int> kernels;  ///< functions, and how often an inference calls them

  std::uint64_t flash_bytes(std::string_view core) const;
};

/// Returns the sizes of the int8 file. Throws SpecError naming the layer and the rule for what it
/// cannot express.
CSizes int8_sizes(const net::Network& network);

/// Returns how many bytes the file's functions take on a core of spec::kCores, as GCC 12 compiles
/// them with -O2: exactly for kernels, within 96 bytes for the calls of them. What the file calls
/// of the C library is not counted.
std::uint64_t code_bytes(const CSizes& sizes, std::string_view core);

}  // namespace atto::deploy::c
