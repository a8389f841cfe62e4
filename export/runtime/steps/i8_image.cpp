#include "export/runtime/steps/i8_image.hpp"

#include <algorithm>

namespace atto::edge {

I8Image::I8Image(const StepContext& context, const I8Kernels& kernels, float scale,
                 std::int32_t zero_point)
    : program_(context.program), kernels_(kernels), scale_(scale), zero_point_(zero_point) {
  for (int c = 0; c < program_.channels; ++c)
    normalisation_.push_back(normalisation_of(program_, c));
}

void I8Image::make_row(std::uint8_t* to, std::ptrdiff_t pixel_step, const RunArguments& arguments,
                       int y, const int* channels) const {
  constexpr int kQuad = 4, kPiece = 256;  // pixels on their way from bytes to quads
  float normalised[kQuad][kPiece];
  for (int first = 0; first < program_.width; first += kPiece) {
    const std::ptrdiff_t pixel = std::ptrdiff_t{y} * program_.width + first;
    I8ImageRow row{{},         to + first * pixel_step,
                   pixel_step, std::min(kPiece, program_.width - first),
                   scale_,     zero_point_};
    for (int k = 0; k < kQuad; ++k) {
      if (channels[k] < 0) continue;
      row.planes[k] = normalised[k];
      if (arguments.image != nullptr)
        row.planes[k] = arguments.image +
                        std::ptrdiff_t{channels[k]} * program_.height * program_.width + pixel;
      else
        normalise(normalised[k], arguments, pixel, row.count, channels[k]);
    }
    kernels_.image_row(row);
  }
}

void I8Image::normalise(float* to, const RunArguments& arguments, std::ptrdiff_t pixel, int count,
                        int channel) const {
  const Normalisation n = normalisation_[static_cast<std::size_t>(channel)];
  const std::uint8_t* from = arguments.pixels + pixel * program_.channels + channel;
  for (int x = 0; x < count; ++x)
    to[x] = static_cast<float>(from[std::ptrdiff_t{x} * program_.channels]) * n.scale + n.shift;
}

}  // namespace atto::edge
