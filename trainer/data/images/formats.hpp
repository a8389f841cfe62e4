#pragma once
// The decoders behind decode_image, one a format. They leave the orientation alone.

#include "trainer/data/images/image_decoding.hpp"

namespace atto::train {

inline constexpr std::int64_t kMaxPixels = std::int64_t{1} << 26;
inline constexpr const char* kTooManyPixels = "must have at most 67,108,864 pixels";

DecodedImage decode_jpeg(std::string_view bytes);
DecodedImage decode_png(std::string_view bytes);

}  // namespace atto::train
