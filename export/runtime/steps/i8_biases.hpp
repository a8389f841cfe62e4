#pragma once
// The file's biases count the input's zero point over the whole window. Where rows of the window
// lie outside of the map, their share is given back; where they lie inside, what the kernels take
// from every activation.

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace atto::edge {

class I8Biases {
 public:
  /// weights [blocks][rows][per_row][16][together]; bias [blocks * 16].
  I8Biases(const std::int32_t* bias, const std::int8_t* weights, int blocks, int rows,
           std::ptrdiff_t per_row, int together, int zero_point, int shift);

  /// The bias [blocks * 16] of a window of which rows [begin, end) lie in the map. Made once;
  /// stays where it is.
  const std::int32_t* of(int begin, int end);

 private:
  const std::int32_t* bias_;
  const std::int8_t* weights_;
  int blocks_, rows_;
  std::ptrdiff_t per_row_;
  int together_, zero_point_, shift_;
  std::map<std::pair<int, int>, std::vector<std::int32_t>> cut_;
};

}  // namespace atto::edge
