#pragma once
// ONNX files of other people, and our own, as a design and its weights.

#include <filesystem>
#include <string>
#include <vector>

#include "prototypes/network/network.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::deploy::import {

struct Imported {
  std::string design;       ///< JSON
  net::Network network;     ///< that it is
  net::TensorFile weights;  ///< exactly the network's, with the metadata that trained weights have
  std::vector<std::string> notes;  ///< what was left out, for people
};

/// Reads a float32 classifier; hostile until read. A file of ours brings its design, which is taken
/// where it still is the graph's. Throws SpecError naming the node and the rule for what the
/// language cannot express, EnvironmentError.
Imported import_onnx(const std::filesystem::path& file);

/// Writes design.json and weights.safetensors into a folder (made where it is missing). Throws
/// SpecError where one of them is there already, EnvironmentError.
void write_imported(const Imported& imported, const std::filesystem::path& folder);

}  // namespace atto::deploy::import
