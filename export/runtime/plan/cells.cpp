#include "export/runtime/plan/cells.hpp"

#include <cstring>

namespace atto::edge {

Cells::Cells(const StepContext& context, std::uint32_t index) {
  const format::Tensor& tensor = context.program.tensors[index];
  shape = view_of(tensor);
  scale = tensor.scale;
  element_ = static_cast<std::ptrdiff_t>(format::element_bytes(tensor.element));
  data_ =
      context.arena + context.program.storages[tensor.storage].offset + tensor.origin() * element_;
  zero_point_ = are_bytes() ? tensor.zero_point : 0;
  if (!are_bytes()) scale = 1;
}

float Cells::load(const std::byte* pixel, int lane) const {
  if (are_bytes()) return static_cast<float>(std::to_integer<int>(pixel[lane]) - zero_point_);
  return reinterpret_cast<const float*>(pixel)[lane];
}

void Cells::store(std::byte* pixel, int lane, float value) const {
  if (are_bytes())
    pixel[lane] = std::byte{i8_rounded(value, static_cast<float>(zero_point_))};
  else
    reinterpret_cast<float*>(pixel)[lane] = value;
}

void Cells::clear(std::byte* pixel) const {
  std::memset(pixel, zero_point_, pixel_bytes());
}

void Cells::fill_halo(int begin, int end) const {
  const auto fill = [&](int y, int block) {
    for (int x = -shape.halo; x < 0; ++x) clear(at(y, x, block));
  };
  for (int y = begin; y < end; ++y)
    for (int b = 0; b < shape.blocks; ++b) fill(y, b);
  if (end == shape.height) fill(end, 0);
}

}  // namespace atto::edge
