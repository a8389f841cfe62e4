#pragma once
// What the writer of a model.py asks of a network again and again.

#include <string>
#include <vector>

#include "prototypes/network/network.hpp"

namespace atto::deploy::pytorch {

class Facts {
 public:
  explicit Facts(const net::Network& network);

  const net::Network& network() const { return network_; }
  int size() const { return static_cast<int>(network_.layers.size()); }
  const net::Layer& layer(int index) const {
    return network_.layers[static_cast<std::size_t>(index)];
  }
  template <class Op>
  const Op* op(int index) const {
    return std::get_if<Op>(&layer(index).op);
  }
  const net::Shape& shape(int index) const { return shapes_[static_cast<std::size_t>(index)]; }
  /// Whether it is written at all: it has weights, or something that is written reads it.
  bool is_needed(int index) const { return needed_[static_cast<std::size_t>(index)]; }
  bool is_output(int index) const { return output_[static_cast<std::size_t>(index)]; }
  /// Needed layers that read its values.
  const std::vector<int>& readers(int index) const {
    return readers_[static_cast<std::size_t>(index)];
  }
  /// Whether its values are read once, by this layer, and are no result.
  bool is_only_for(int index, int reader) const {
    return !is_output(index) && readers(index).size() == 1 && readers(index).front() == reader;
  }
  /// A dense layer makes [batch, features], and what works on single values keeps that; all others
  /// make [batch, channels, height, width].
  bool is_flat(int index) const { return flat_[static_cast<std::size_t>(index)]; }
  /// How often its height goes into the input's, by strides: 2, 4, ...; 0.5 when enlarged.
  double reduction(int index) const { return reduction_[static_cast<std::size_t>(index)]; }
  /// "stages[0].modules[2].chain[1]" of "stages[0].modules[2].chain[1].conv"; may be empty.
  std::string place(int index) const;

 private:
  void find_needed();

  const net::Network& network_;
  std::vector<net::Shape> shapes_;
  std::vector<bool> needed_, output_, flat_;
  std::vector<std::vector<int>> readers_;
  std::vector<double> reduction_;
};

/// The layers whose values a layer reads: all inputs, but of a PoolTo the first, whose second
/// gives a size.
std::vector<int> read_values(const net::Layer& layer);

}  // namespace atto::deploy::pytorch
