#pragma once
// The bytes of a model file where our engine may use them in place.

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "export/format/header.hpp"

namespace atto::deploy {

class AlignedBytes {
 public:
  explicit AlignedBytes(std::span<const std::byte> file)
      : size_(file.size()), lines_(size_ / sizeof(Line) + 1) {
    std::memcpy(lines_.data(), file.data(), size_);
  }
  std::span<const std::byte> get() const {
    return {reinterpret_cast<const std::byte*>(lines_.data()), size_};
  }

 private:
  struct alignas(format::kAlignment) Line {
    std::byte bytes[format::kAlignment];
  };
  std::size_t size_;
  std::vector<Line> lines_;
};

}  // namespace atto::deploy
