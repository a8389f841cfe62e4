#pragma once
// Where the modules of a network lie in its layers, found by their names.

#include <cstdint>
#include <string>
#include <vector>

#include "prototypes/network/network.hpp"

namespace atto::net {

struct ModuleSpan {
  std::string path;         ///< "stages[0].modules[2]"
  int input = 0;            ///< the layer that its first layer reads first
  int output = 0;           ///< its last layer that is read outside of it, or is a result
  std::vector<int> layers;  ///< of its own, rising
  std::int64_t params = 0, macs = 0;
};

/// Returns the modules in the order of their first layers. A module without layers (one that passes
/// its input on) is left out.
std::vector<ModuleSpan> module_spans(const Network& network);

/// Returns the module's path in a layer's name, or "".
std::string module_of(const std::string& layer_name);

}  // namespace atto::net
