// Picture files to pixels: what their heads say, what they hold, and what hostile ones do.
#include <zlib.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "export/image/picture_header.hpp"
#include "tests/export/image/picture_files.hpp"
#include "trainer/data/images/image_decoding.hpp"

using namespace atto;
using image::Format;
using train::decode_image;
using train::DecodedImage;

namespace {

std::optional<image::PictureHeader> header_of(const std::string& bytes) {
  return image::read_picture_header(
      {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

DecodedImage decode(const std::string& bytes) {
  return decode_image(std::string_view(bytes));
}

/// Pixels by the one function.
std::vector<std::uint8_t> seen(const DecodedImage& image, const image::PixelShape& shape) {
  REQUIRE(image.fault == "");
  std::vector<std::uint8_t> out(
      static_cast<std::size_t>(shape.channels * shape.height * shape.width));
  image::make_pixels(image.picture(), shape, out.data());
  return out;
}

}  // namespace

TEST_CASE("16-bit PNGs are their 8-bit values, whatever gamma they name") {
  const Format format = GENERATE(Format::Grey, Format::GreyAlpha, Format::Rgb, Format::Rgba);
  const int low = GENERATE(-128, 0, 128);  // what is rounded away
  const bool is_interlaced = GENERATE(false, true);
  const double gamma = GENERATE(0.0, 1.0, 0.45455);
  test::Pixels pixels = test::some_pixels(6, 9, format);
  for (auto& v : pixels.values) v = static_cast<std::uint8_t>(std::clamp<int>(v, 1, 254));
  const DecodedImage wide = decode(test::png_file(pixels, {16, low, is_interlaced, gamma}));
  REQUIRE(wide.fault == "");
  CHECK(wide.format == format);
  CHECK(wide.pixels == pixels.values);
  CHECK(decode(test::png_file(pixels, {8, 0, is_interlaced, gamma})).pixels == pixels.values);
}

TEST_CASE("The orientation is read from JPEG and PNG, of both byte orders") {
  const std::string jpeg = test::jpeg_file(test::some_pixels(8, 12, Format::Rgb)),
                    png = test::png_file(test::some_pixels(8, 12, Format::Rgb));
  for (int orientation = 1; orientation <= 8; ++orientation)
    for (const bool is_little : {false, true}) {
      const std::string tiff = test::exif(orientation, is_little);
      for (const std::string& file :
           {test::with_exif(jpeg, tiff), test::with_chunk(png, "eXIf", tiff),
            test::with_chunk(png, "eXIf", tiff, true)}) {
        const auto header = header_of(file);
        REQUIRE(header);
        CHECK(header->orientation == orientation);
        CHECK(header->height == 8);
        CHECK(header->upright_height() == (orientation >= 5 ? 12 : 8));
        CHECK(decode(file).orientation == orientation);
      }
    }
  CHECK(header_of(jpeg)->orientation == 1);
  CHECK(header_of(test::with_exif(jpeg, test::exif(9, true)))->orientation == 1);
  CHECK(header_of(test::with_exif(jpeg, test::exif(0, false)))->orientation == 1);
}

TEST_CASE("A turned picture gives the pixels of the one that stands upright") {
  const test::Pixels upright = test::some_pixels(6, 4, Format::Rgb);
  test::Pixels stored = test::some_pixels(4, 6, Format::Rgb);
  for (int y = 0; y < 4; ++y)  // 6: the stored picture is turned to the right
    for (int x = 0; x < 6; ++x)
      for (int c = 0; c < 3; ++c)
        stored.values[static_cast<std::size_t>((y * 6 + x) * 3 + c)] =
            upright.values[static_cast<std::size_t>((x * 4 + 3 - y) * 3 + c)];
  const std::string file = test::with_chunk(test::png_file(stored), "eXIf", test::exif(6, false));
  CHECK(seen(decode(file), {3, 6, 4}) == upright.values);
}

TEST_CASE("EXIF data that is cut off or nonsense says nothing and breaks nothing") {
  const std::string jpeg = test::jpeg_file(test::some_pixels(8, 8, Format::Grey)),
                    tiff = test::exif(6, true);
  for (std::size_t cut = 0; cut < tiff.size(); ++cut)
    CHECK(decode(test::with_exif(jpeg, tiff.substr(0, cut))).fault == "");
  for (std::size_t at = 0; at < tiff.size(); ++at)
    for (const int value : {0, 1, 0x7f, 0xff}) {
      std::string bad = tiff;
      bad[at] = static_cast<char>(value);
      const DecodedImage image = decode(test::with_exif(jpeg, bad));
      CHECK(image.fault == "");
      CHECK((image.orientation >= 1 && image.orientation <= 8));
    }
}

TEST_CASE("JPEGs of every kind decode to what they show") {
  for (const bool is_progressive : {false, true}) {
    const test::JpegOptions options{is_progressive, 100};
    test::Pixels ink{16, 16, Format::Cmyk, {}}, inverted{16, 16, Format::InvertedCmyk, {}};
    for (int i = 0; i < 256; ++i)
      for (const int v : {10, 120, 200, 40}) {
        ink.values.push_back(static_cast<std::uint8_t>(v));
        inverted.values.push_back(static_cast<std::uint8_t>(255 - v));
      }
    const auto a = seen(decode(test::jpeg_file(ink, options)), {3, 8, 8}),
               b = seen(decode(test::jpeg_file(inverted, options)), {3, 8, 8});
    CHECK(a == b);
    for (int c = 0; c < 3; ++c)
      CHECK(std::abs(a[static_cast<std::size_t>(c)] -
                     (255 - std::vector{10, 120, 200}[static_cast<std::size_t>(c)]) * 215 / 255) <=
            2);
    const DecodedImage grey =
        decode(test::jpeg_file(test::some_pixels(9, 11, Format::Grey), options));
    CHECK(grey.format == Format::Grey);
    CHECK(header_of(test::jpeg_file(test::some_pixels(9, 11, Format::Grey), options))->is_grey);
  }
}

TEST_CASE("A JPEG of very many scans is a fault before it is decoded") {
  const std::string small = test::jpeg_file(test::some_pixels(64, 64, Format::Grey), {true, 90});
  CHECK(decode(small).fault == "");
  CHECK(decode(test::with_more_scans(small, 60)).fault == "");
  CHECK(decode(test::with_more_scans(small, 1500))
            .fault.find("must have at most 100 scans; got 15") == 0);
  // Many scans of a large picture are more work than many of a small one.
  test::Pixels large{5000, 5000, Format::Grey, std::vector<std::uint8_t>(25000000, 7)};
  CHECK(decode(test::with_more_scans(test::jpeg_file(large, {true, 90}), 60))
            .fault.find("must have at most 42 scans") == 0);
}

TEST_CASE("What a PNG carries beside its pixels is not unpacked") {
  const test::Pixels pixels = test::some_pixels(4, 4, Format::Rgb);
  const std::string zeros(std::size_t{1} << 26, '\0');
  uLongf size = compressBound(zeros.size());
  std::string packed(size, '\0');
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
            reinterpret_cast<const Bytef*>(zeros.data()), zeros.size(), 1);
  packed.resize(size);
  std::string file = test::png_file(pixels);
  for (const char* name : {"zTXt", "iCCP"})
    file = test::with_chunk(file, name, std::string("bomb\0\0", 6) + packed);
  CHECK(decode(file).pixels == pixels.values);
}

TEST_CASE("Pictures that are cut off, too large or no pictures are faults") {
  const std::string jpeg = test::jpeg_file(test::some_pixels(40, 40, Format::Rgb)),
                    png = test::png_file(test::some_pixels(40, 40, Format::Rgb));
  for (std::size_t cut = 0; cut < jpeg.size(); cut += 13)
    CHECK(decode(jpeg.substr(0, cut)).fault != "");
  for (std::size_t cut = 0; cut < png.size() - 16; cut += 29)
    CHECK(decode(png.substr(0, cut)).fault != "");
  std::string huge = png;
  huge.replace(16, 8, std::string("\0\0\x40\0\0\0\x40\0", 8));
  CHECK(decode(huge).fault != "");
  CHECK(decode("BM").fault == "must be a JPEG or PNG file");
}
