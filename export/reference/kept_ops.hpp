#pragma once
// The operations that fusion leaves alone, as plain loops: the same for the IR and the fused
// network.

#include <span>
#include <vector>

#include "prototypes/network/network.hpp"

namespace atto::deploy::plain {

/// What an operation without weights reads and makes: maps [channels, height, width].
struct Maps {
  std::vector<std::span<const float>> src;
  std::vector<net::Shape> in;  ///< shapes of src
  net::Shape out;
  std::span<float> dst;
};

/// Throws InternalError for an operation that fusion replaces.
void run_kept(const net::Op& op, const Maps& maps);

}  // namespace atto::deploy::plain
