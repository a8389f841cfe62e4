#pragma once
// Runs what a page holds with the Node of this machine.

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace atto::deploy::web {

struct NodeRan {
  std::vector<float> logits;  ///< of every image
  std::string run_by;         ///< the program
  std::string not_run = {};   ///< why this machine could not run it; else empty
};

/// Runs `$NODE`, or `node`, with `module` (atto_edge.mjs) on images [count, channels, height,
/// width] as the network takes them; its files lie beside the page meanwhile. Throws
/// EnvironmentError where Node is new enough and the program fails all the same.
NodeRan run_in_node(const std::filesystem::path& module, const std::filesystem::path& page,
                    std::span<const float> images);

}  // namespace atto::deploy::web
