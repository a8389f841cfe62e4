#pragma once
// What is constructed in an __init__: a convolution with what follows it, a squeeze-excite, or one
// layer, as the call of its class.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "export/pytorch/facts.hpp"

namespace atto::deploy::pytorch {

/// One constructor call.
struct Entry {
  std::string text;     ///< "Conv(16, 24, 3, padding=1, act=nn.ReLU())"
  std::string comment;  ///< what it makes: "24 x 14 x 14"
  /// Its layers with weights, and where these lie in it: "", "0", "reduce".
  std::vector<std::pair<int, std::string>> parts;
  int block = -1;  ///< a module of a stage: its number in Plan::blocks; `text` is empty
};

/// Layers that stand together in an __init__.
struct Unit {
  enum class Kind : std::uint8_t {
    Normalised,     ///< convolution, batch norm, maybe activation
    SqueezeExcite,  ///< pool, convolution, activation, convolution, activation, product
    Single,
    Joining,  ///< made in forward(), of one value or several: it has no entry
  } kind = Kind::Single;
  std::vector<int> layers;

  int first() const { return layers.front(); }
  int last() const { return layers.back(); }
};

/// Returns the unit that begins at a needed layer.
Unit unit_at(const Facts& facts, int first);

/// Returns the unit's entries: it, and before it what pads or reshapes. `outputs`: a word for its
/// width where that may change ("num_classes").
std::vector<Entry> entries_of(const Facts& facts, const Unit& unit,
                              const std::string& outputs = {});

/// Returns "24 x 14 x 14", or "10" of a flat one.
std::string shape_comment(const Facts& facts, int layer);

/// Returns "3" or "(3, 5)".
std::string sides_text(const net::Sides& sides);

}  // namespace atto::deploy::pytorch
