#pragma once
// The identity of a design: a hash of the canonical form of its IR, without names and provenance,
// with input size and classes. Equal hash means the same network.

#include <cstdint>
#include <string>

#include "prototypes/network/network.hpp"

namespace atto::net {

std::uint64_t structure_hash(const Network& network);
/// Returns the hash as 16 lower-case hex digits, its form in files, ledgers and reports.
std::string hash_text(std::uint64_t hash);

}  // namespace atto::net
