#pragma once
// What the C API's handles hold, and what is asked of arguments, where more than one file needs it.

#include <cstdint>

#include "export/runtime/c_api/atto/edge.h"
#include "export/runtime/model.hpp"

struct atto_model {
  atto::edge::Model model;
};

namespace atto::edge {

inline bool is_valid(const atto_image& image) {
  constexpr std::int32_t kMostSide = 1 << 24;
  return image.pixels != nullptr && image.height >= 1 && image.height <= kMostSide &&
         image.width >= 1 && image.width <= kMostSide && image.format >= ATTO_IMAGE_GREY &&
         image.format <= ATTO_IMAGE_INVERTED_CMYK && image.orientation >= 0 &&
         image.orientation <= 8;
}

}  // namespace atto::edge
