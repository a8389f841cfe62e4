#include <png.h>

#include "design_specs/errors.hpp"
#include "prototypes/detection/drawing/canvas.hpp"

namespace atto::det {

std::string png_bytes(const Canvas& canvas) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.height = static_cast<png_uint_32>(canvas.height());
  image.width = static_cast<png_uint_32>(canvas.width());
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = 0;
  std::string bytes;
  const auto write = [&](void* to) {
    return png_image_write_to_memory(&image, to, &size, 0, canvas.pixels().data(), 0, nullptr) != 0;
  };
  bool is_written = write(nullptr);
  bytes.resize(size);
  is_written = is_written && write(bytes.data());
  if (!is_written) throw InternalError(std::string("cannot write a PNG: ") + image.message);
  return bytes;
}

}  // namespace atto::det
