#pragma once
// Resizing of 8-bit images: scaled until they just cover the wanted size, then a centre crop.

#include <cstdint>
#include <vector>

namespace atto::image {

/// Resizes images of one size [height, width, channels] to [to_height, to_width, channels], with a
/// triangle filter that widens when shrinking (each source pixel counts) and is bilinear when
/// growing. A copy where the size is right. Not thread-safe: it keeps scratch memory.
class Resizer {
 public:
  Resizer(int height, int width, int channels, int to_height, int to_width);
  void append(const std::uint8_t* src, std::vector<std::uint8_t>& out);
  void write(const std::uint8_t* src, std::uint8_t* dst);

 private:
  /// For each output place: the first source place and the weights, `count` of them.
  struct Taps {
    int count = 0;
    std::vector<int> first;  ///< rising
    std::vector<float> weights;
  };
  static Taps make_taps(int from, std::int64_t scaled, int to);

  int width_, channels_, to_height_, to_width_;
  Taps rows_, columns_;
  std::vector<float> narrowed_;  ///< [source rows that are read, to_width, channels]
};

}  // namespace atto::image
