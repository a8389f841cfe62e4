#include "trainer/images/image_decoding.hpp"

#include <csetjmp>
#include <cstdio>
// jpeglib.h needs FILE from cstdio.
#include <jerror.h>
#include <jpeglib.h>
#include <png.h>

#include <algorithm>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"

namespace atto::train {
namespace {

constexpr std::int64_t kMaxPixels = std::int64_t{1} << 26;
constexpr std::size_t kMaxFileBytes = std::size_t{1} << 28;

struct JpegErrors {
  jpeg_error_mgr manager;
  std::jmp_buf out;
  bool is_cut = false;
  char text[JMSG_LENGTH_MAX] = "";
};

void leave(j_common_ptr state) {
  auto* errors = reinterpret_cast<JpegErrors*>(state->err);
  errors->manager.format_message(state, errors->text);
  std::longjmp(errors->out, 1);
}

/// libjpeg fills what is missing with grey and only warns: to us the image is broken.
void note_warning(j_common_ptr state, int level) {
  auto* errors = reinterpret_cast<JpegErrors*>(state->err);
  const int code = errors->manager.msg_code;
  if (level >= 0 || (code != JWRN_JPEG_EOF && code != JWRN_HIT_MARKER)) return;
  errors->manager.format_message(state, errors->text);
  errors->is_cut = true;
}

void flatten_cmyk(DecodedImage& image, const std::vector<std::uint8_t>& cmyk, bool inverted) {
  image.rgb.resize(cmyk.size() / 4 * 3);
  for (std::size_t i = 0; i < cmyk.size() / 4; ++i)
    for (std::size_t c = 0; c < 3; ++c) {
      const int ink = inverted ? cmyk[4 * i + c] : 255 - cmyk[4 * i + c];
      const int key = inverted ? cmyk[4 * i + 3] : 255 - cmyk[4 * i + 3];
      image.rgb[3 * i + c] = static_cast<std::uint8_t>(ink * key / 255);
    }
}

/// Everything with a destructor lives in the caller: longjmp skips destructors.
void read_jpeg(jpeg_decompress_struct& jpeg, JpegErrors& errors, const std::string& bytes,
               int min_side, DecodedImage& image, std::vector<std::uint8_t>& four) {
  if (setjmp(errors.out)) {
    image.fault = errors.text;
    return;
  }
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  if (std::int64_t{jpeg.image_width} * jpeg.image_height > kMaxPixels) {
    image.fault = "must have at most 67,108,864 pixels";
    return;
  }
  const int shorter = static_cast<int>(std::min(jpeg.image_width, jpeg.image_height));
  while (jpeg.scale_denom < 8 && shorter / static_cast<int>(2 * jpeg.scale_denom) >= min_side)
    jpeg.scale_denom *= 2;
  const bool is_cmyk = jpeg.num_components == 4;
  jpeg.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&jpeg);
  image.width = static_cast<int>(jpeg.output_width);
  image.height = static_cast<int>(jpeg.output_height);
  std::vector<std::uint8_t>& out = is_cmyk ? four : image.rgb;
  const std::size_t pitch = std::size_t{jpeg.output_width} * (is_cmyk ? 4 : 3);
  out.resize(pitch * jpeg.output_height);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = out.data() + pitch * jpeg.output_scanline;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  if (is_cmyk) flatten_cmyk(image, out, jpeg.saw_Adobe_marker);
}

DecodedImage decode_jpeg(const std::string& bytes, int min_side) {
  DecodedImage image;
  std::vector<std::uint8_t> four;
  jpeg_decompress_struct jpeg{};
  JpegErrors errors{};
  jpeg.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = leave;
  errors.manager.emit_message = note_warning;
  read_jpeg(jpeg, errors, bytes, min_side, image, four);
  jpeg_destroy_decompress(&jpeg);
  if (image.fault.empty() && errors.is_cut) image.fault = errors.text;
  return image;
}

DecodedImage decode_png(const std::string& bytes) {
  DecodedImage image;
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&png, bytes.data(), bytes.size())) {
    image.fault = png.message;
    return image;
  }
  png.format = PNG_FORMAT_RGB;
  if (std::int64_t{png.width} * png.height > kMaxPixels) {
    image.fault = "must have at most 67,108,864 pixels";
    png_image_free(&png);
    return image;
  }
  image.width = static_cast<int>(png.width);
  image.height = static_cast<int>(png.height);
  image.rgb.resize(PNG_IMAGE_SIZE(png));
  const png_color background = {0, 0, 0};
  if (!png_image_finish_read(&png, &background, image.rgb.data(), 0, nullptr))
    image.fault = png.message;
  return image;
}

}  // namespace

DecodedImage decode_image(const std::filesystem::path& file, int min_side) {
  std::string bytes;
  try {
    bytes = spec::read_file(file, kMaxFileBytes);
  } catch (const EnvironmentError& error) {
    return {0, 0, {}, error.what()};
  }
  DecodedImage image;
  if (bytes.starts_with("\xff\xd8"))
    image = decode_jpeg(bytes, min_side);
  else if (bytes.starts_with("\x89PNG"))
    image = decode_png(bytes);
  else
    image.fault = "must be a JPEG or PNG file";
  if (image.fault.empty() && (image.width < 1 || image.height < 1))
    image.fault = "must not be empty";
  return image;
}

}  // namespace atto::train
