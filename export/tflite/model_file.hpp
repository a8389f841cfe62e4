#pragma once
// Files of TensorFlow Lite (.tflite), through FlatBuffers.

#include <filesystem>

#include "export/tflite/graph.hpp"

namespace atto::deploy::tflite {

/// Writes a file by way of a temporary one. Throws InternalError for a graph that exceeds
/// FlatBuffers' 2 GB, EnvironmentError.
void write_model(const std::filesystem::path& file, const Graph& graph);

/// Reads a file that write_model() wrote: it passes FlatBuffers' verifier, its tensors and
/// operators are as we write them. Throws SpecError for what is no such file, EnvironmentError.
Graph read_model(const std::filesystem::path& file);

}  // namespace atto::deploy::tflite
