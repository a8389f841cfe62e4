// Any bytes as a JPEG or PNG file: pixels, or a fault.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "export/image/picture_header.hpp"
#include "trainer/data/images/image_decoding.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A head that asks for much is believed as far as its limits, which takes a while.
  constexpr std::int64_t kMostPixels = 1 << 20;
  const auto header = atto::image::read_picture_header({data, size});
  if (header && std::int64_t{header->height} * header->width > kMostPixels) return 0;
  const auto image =
      atto::train::decode_image(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!image.fault.empty()) return 0;
  if (image.orientation < 1 || image.orientation > 8) std::abort();
  for (const int channels : {1, 3}) {
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(channels * 9 * 5));
    atto::image::make_pixels(image.picture(), {channels, 9, 5}, pixels.data());
  }
  return 0;
}
