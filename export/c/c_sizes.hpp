#pragma once
// What a network's C file takes of a device, which its weights do not change.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "prototypes/network/network.hpp"

namespace atto::deploy::c {

struct CSizes {
  std::uint64_t constant_bytes = 0;
  std::uint64_t arena_bytes =
      0;  ///< tensors and scratch: all memory but some hundred bytes of stack
  std::set<std::string> kernels;  ///< files of export/c/kernels
  std::uint64_t steps = 0;        ///< calls of kernels

  std::uint64_t flash_bytes(std::string_view core) const;
};

/// Returns the sizes of the int8 file. Throws SpecError naming the layer and the rule for what it
/// cannot express.
CSizes int8_sizes(const net::Network& network);

/// Returns about how many bytes the file's functions take on a core of spec::kCores, compiled with
/// -O2: measured with GCC 12, within 10 % of all of its flash or 1.25 KiB. What the file calls of
/// the C library is not counted.
std::uint64_t code_bytes(const CSizes& sizes, std::string_view core);

}  // namespace atto::deploy::c
