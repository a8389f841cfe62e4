#pragma once
// Resizing of 8-bit images: the shorter side to the wanted size, then a centre crop.

#include <cstdint>
#include <vector>

namespace atto::train {

/// Resizes images of one size [height, width, channels] to [side, side, channels], with a triangle
/// filter that widens when shrinking (each source pixel counts) and is bilinear when growing. A
/// copy where the size is right. Not thread-safe: it keeps scratch memory.
class Resizer {
 public:
  Resizer(int height, int width, int channels, int side);
  void append(const std::uint8_t* src, std::vector<std::uint8_t>& out);
  void write(const std::uint8_t* src, std::uint8_t* dst);

 private:
  /// For each output place: the first source place and the weights, `count` of them.
  struct Taps {
    int count = 0;
    std::vector<int> first;
    std::vector<float> weights;
  };
  static Taps make_taps(int from, int scaled, int side);

  int height_, width_, channels_, side_;
  Taps rows_, columns_;
  std::vector<float> narrowed_;  ///< [height, side, channels]
};

}  // namespace atto::train
