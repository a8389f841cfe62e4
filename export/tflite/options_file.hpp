#pragma once
// The options of operators in a file, and the versions of operators.

#include <utility>

#include "export/tflite/graph.hpp"
#include "tflite_generated.h"

namespace atto::deploy::tflite {

/// Adds the options of an operator, where it has some.
std::pair<wire::BuiltinOptions, flatbuffers::Offset<void>> add_options(
    flatbuffers::FlatBufferBuilder& to, const Graph& graph, const Operator& one);

/// Returns what add_options() added. Throws InternalError for what it does not write.
Options read_options(const wire::Operator& from);

/// Returns the version that runtimes ask for: larger in int8 and with newer options.
int version_of(const Graph& graph, const Operator& one);

}  // namespace atto::deploy::tflite
