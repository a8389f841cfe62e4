#pragma once
// The identity of a design: a hash of the canonical form of its IR, without names and provenance,
// with input size and classes. Equal hash means the same network.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "prototypes/network/network.hpp"

namespace atto::net {

std::uint64_t structure_hash(const Network& network);

/// Makes structure_hash() from a stream of layers, for a network that is known but not built.
class StructureHasher {
 public:
  StructureHasher(const Shape& input, int classes, std::size_t layers);
  /// Adds the next layer.
  void add(const Op& op, std::span<const int> inputs);
  /// Returns the hash; `outputs` are the layers of the named results, in order.
  std::uint64_t finish(std::span<const int> outputs);

 private:
  void mix(std::int64_t value);
  int classes_;
  std::uint64_t hash_;
};

/// Returns the hash as 16 lower-case hex digits, its form in files, ledgers and reports.
std::string hash_text(std::uint64_t hash);

}  // namespace atto::net
