#pragma once
// A prepared network as a TensorFlow Lite graph.

#include "export/tflite/graph.hpp"

namespace atto::deploy::tflite {

/// What the input and the outputs of an int8 model are; between them all is int8 in either case.
enum class Io : std::uint8_t { Int8, Float };

/// Returns the graph of a network that prepared_network() made: in int8 with the quantisation that
/// quantise_prepared() made of it, else in floats. The input is [1, height, width, channels];
/// outputs are named as the network's, [1, features] after dense layers, else [1, height, width,
/// channels]. Tensors have the names of layers. `name`, `description`: for people.
Graph network_graph(const FusedNetwork& network, const Quantisation* quantisation, Io io,
                    std::string description);

}  // namespace atto::deploy::tflite
