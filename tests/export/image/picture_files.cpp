#include "tests/export/image/picture_files.hpp"

#include <cstdio>
// jpeglib.h needs FILE from cstdio.
#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace atto::test {
namespace {

std::string big_endian(std::uint32_t value, int count) {
  std::string bytes;
  for (int i = count - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

}  // namespace

Pixels some_pixels(int height, int width, image::Format format) {
  Pixels pixels{height, width, format, {}};
  const int values = values_of(format);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < values; ++c)
        pixels.values.push_back(static_cast<std::uint8_t>(
            (format == image::Format::Grey ? 0 : 70 * c) + 11 * y + 5 * x + (x * y) % 17));
  return pixels;
}

std::string jpeg_file(const Pixels& pixels, const JpegOptions& options) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &out, &size);
  const bool is_cmyk = pixels.format >= image::Format::Cmyk;
  jpeg.image_width = static_cast<JDIMENSION>(pixels.width);
  jpeg.image_height = static_cast<JDIMENSION>(pixels.height);
  jpeg.input_components = values_of(pixels.format);
  jpeg.in_color_space = is_cmyk                                ? JCS_CMYK
                        : pixels.format == image::Format::Grey ? JCS_GRAYSCALE
                                                               : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, options.quality, TRUE);
  if (options.is_progressive) jpeg_simple_progression(&jpeg);
  if (pixels.format == image::Format::Cmyk) jpeg.write_Adobe_marker = FALSE;
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(pixels.values.data()) +
                   std::size_t{jpeg.next_scanline} * jpeg.image_width *
                       static_cast<std::size_t>(jpeg.input_components);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  std::string bytes(reinterpret_cast<char*>(out), size);
  jpeg_destroy_compress(&jpeg);
  std::free(out);
  return bytes;
}

std::string with_more_scans(const std::string& jpeg, int times) {
  const std::size_t scan = jpeg.find("\xff\xda"), next = jpeg.find("\xff\xc4", scan);
  const std::string first = jpeg.substr(scan, next - scan);
  std::string bytes = jpeg;
  for (int i = 0; i < times; ++i) bytes.insert(next, first);
  return bytes;
}

std::string png_file(const Pixels& pixels, const PngOptions& options) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp state, png_bytep data, png_size_t count) {
        static_cast<std::string*>(png_get_io_ptr(state))
            ->append(reinterpret_cast<char*>(data), count);
      },
      nullptr);
  constexpr int kTypes[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                            PNG_COLOR_TYPE_RGBA};
  png_set_IHDR(png, info, static_cast<png_uint_32>(pixels.width),
               static_cast<png_uint_32>(pixels.height), options.bits,
               kTypes[static_cast<int>(pixels.format)],
               options.is_interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (options.gamma > 0) png_set_gAMA(png, info, options.gamma);
  std::vector<std::uint8_t> values;
  for (const std::uint8_t value : pixels.values) {
    const int wide = std::clamp(257 * value + options.low, 0, 0xffff);
    if (options.bits == 16) values.push_back(static_cast<std::uint8_t>(wide >> 8));
    values.push_back(options.bits == 16 ? static_cast<std::uint8_t>(wide) : value);
  }
  std::vector<png_bytep> rows;
  for (int y = 0; y < pixels.height; ++y)
    rows.push_back(values.data() + values.size() / static_cast<std::size_t>(pixels.height) *
                                       static_cast<std::size_t>(y));
  png_write_info(png, info);
  png_write_image(png, rows.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::string with_chunk(const std::string& png, const std::string& name, const std::string& data,
                       bool at_end) {
  constexpr std::size_t kBehindHeader = 8 + 25, kEndBytes = 12;
  const std::string body = name + data;
  const auto sum = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
  std::string bytes = png;
  return bytes.insert(
      at_end ? png.size() - kEndBytes : kBehindHeader,
      big_endian(static_cast<std::uint32_t>(data.size()), 4) + body + big_endian(sum, 4));
}

std::string exif(int orientation, bool is_little) {
  const auto number = [is_little](std::uint32_t value, int count) {
    const std::string bytes = big_endian(value, count);
    return is_little ? std::string(bytes.rbegin(), bytes.rend()) : bytes;
  };
  std::string tiff = is_little ? "II" : "MM";
  tiff += number(42, 2) + number(8, 4) + number(3, 2);
  for (const auto& [tag, value] : {std::pair{0x010f, 7}, {0x0112, orientation}, {0x0128, 2}})
    tiff += number(static_cast<std::uint32_t>(tag), 2) + number(3, 2) + number(1, 4) +
            number(static_cast<std::uint32_t>(value), 2) + number(0, 2);
  return tiff + number(0, 4);
}

std::string with_exif(const std::string& jpeg, const std::string& tiff) {
  const std::string body = std::string("Exif\0", 6) + tiff;
  std::string bytes = jpeg;
  return bytes.insert(
      2, "\xff\xe1" + big_endian(static_cast<std::uint32_t>(body.size() + 2), 2) + body);
}

void write(const std::filesystem::path& file, const std::string& bytes) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << bytes;
}

}  // namespace atto::test
