#pragma once
// ONNX files, through libonnx.

#include <filesystem>

#include "export/onnx/graph.hpp"

namespace atto::deploy::onnx {

/// Writes a file that passed the ONNX checker and strict shape inference, with the inferred shapes
/// in it; by way of a temporary file. Throws InternalError naming the rule for a graph that does
/// not pass or exceeds protobuf's 2 GB, EnvironmentError.
void write_model(const std::filesystem::path& file, const Graph& graph);

/// Reads a file of any program, hostile until read: one graph of plain tensors, at the operator
/// sets that import/ knows. Shapes of inputs have 0 where they are not fixed. Throws SpecError
/// naming the node or the tensor and the rule, EnvironmentError.
Graph read_foreign_model(const std::filesystem::path& file);

/// Reads a file that write_model() wrote. Throws SpecError for what is no such file,
/// EnvironmentError.
Graph read_model(const std::filesystem::path& file);

}  // namespace atto::deploy::onnx
