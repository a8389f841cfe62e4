// PNG by libpng, without the gamma and the colour profiles that files may ask for.
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "trainer/data/images/formats.hpp"

namespace atto::train {
namespace {

struct Source {
  std::string_view rest;
  char fault[256] = "";
};

void leave(png_structp png, png_const_charp text) {
  auto* source = static_cast<Source*>(png_get_error_ptr(png));
  std::snprintf(source->fault, sizeof source->fault, "%s", text);
  png_longjmp(png, 1);
}

void pass_over(png_structp, png_const_charp) {}

void take(png_structp png, png_bytep to, std::size_t count) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (count > source->rest.size()) png_error(png, "the file is cut off");
  std::memcpy(to, source->rest.data(), count);
  source->rest.remove_prefix(count);
}

/// Everything with a destructor lives in the caller: longjmp skips destructors.
void read_png(png_structp png, png_infop info, Source& source, DecodedImage& image,
              std::vector<png_bytep>& rows) {
  if (setjmp(png_jmpbuf(png))) {
    image.fault = source.fault;
    return;
  }
  png_set_read_fn(png, &source, take);
  // Texts, profiles and whatever else is not pixels may unpack to any size.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_read_info(png, info);
  image.width = static_cast<int>(png_get_image_width(png, info));
  image.height = static_cast<int>(png_get_image_height(png, info));
  if (std::int64_t{image.width} * image.height > kMaxPixels) {
    image.fault = kTooManyPixels;
    return;
  }
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  image.format = static_cast<image::Format>(png_get_channels(png, info));
  const std::size_t pitch = png_get_rowbytes(png, info);
  image.pixels.resize(pitch * static_cast<std::size_t>(image.height));
  for (int y = 0; y < image.height; ++y)
    rows.push_back(image.pixels.data() + pitch * static_cast<std::size_t>(y));
  png_read_image(png, rows.data());
}

}  // namespace

DecodedImage decode_png(std::string_view bytes) {
  DecodedImage image;
  Source source{bytes, ""};
  std::vector<png_bytep> rows;
  struct Reader {
    png_structp state = nullptr;
    png_infop info = nullptr;
    ~Reader() { png_destroy_read_struct(&state, &info, nullptr); }
  } png;
  png.state = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, leave, pass_over);
  if (png.state != nullptr) png.info = png_create_info_struct(png.state);
  if (png.info == nullptr)
    image.fault = "out of memory";
  else
    read_png(png.state, png.info, source, image, rows);
  return image;
}

}  // namespace atto::train
