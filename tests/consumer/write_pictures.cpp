// Writes models and awkward pictures for agree.py.  write_pictures DIR
#include <filesystem>

#include "export/lowering/lower.hpp"
#include "export/lowering/passes.hpp"
#include "tests/export/image/picture_files.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/trainer/networks.hpp"

using namespace atto;
namespace fs = std::filesystem;

namespace {

void write_model(const fs::path& file, net::Shape input, const deploy::Meaning& meaning) {
  test::NetworkBuilder b(input, 3);
  b.finish(b.unit(0, 16, 3, 2, 1));
  b.network.outputs[0].layer = b.add(net::Softmax{}, {b.network.outputs[0].layer});
  deploy::write_model(file, deploy::fuse(b.network, test::random_weights(b.network, 3)), meaning);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const fs::path folder = argv[1];
  fs::create_directories(folder);
  write_model(folder / "colour.atto", {3, 31, 17},
              {{"ant", "bee", "cat"}, {0.4F, 0.5F, 0.6F}, {0.2F, 0.25F, 0.3F}, "test"});
  write_model(folder / "grey.atto", {1, 16, 16}, {{"ant", "bee", "cat"}, {0.5F}, {0.25F}, "test"});
  write_model(folder / "bare.atto", {3, 8, 8}, {{"ant", "bee", "cat"}, {}, {}, "test"});
  using image::Format;
  for (const auto& [name, format] : {std::pair{"grey", Format::Grey},
                                     {"rgb", Format::Rgb},
                                     {"cmyk", Format::Cmyk},
                                     {"inverted", Format::InvertedCmyk}})
    for (const bool is_progressive : {false, true})
      for (const auto& [height, width] :
           {std::pair{1, 1}, {31, 17}, {16, 16}, {37, 211}, {300, 63}})
        test::write(
            folder / (std::string(name) + (is_progressive ? "_progressive_" : "_") +
                      std::to_string(height) + "x" + std::to_string(width) + ".jpg"),
            test::jpeg_file(test::some_pixels(height, width, format), {is_progressive, 85}));
  const std::string jpeg = test::jpeg_file(test::some_pixels(40, 90, Format::Rgb));
  for (int orientation = 1; orientation <= 8; ++orientation)
    test::write(folder / ("turned_" + std::to_string(orientation) + ".jpg"),
                test::with_exif(jpeg, test::exif(orientation, orientation % 2 == 0)));
  test::write(folder / "cut.jpg", jpeg.substr(0, jpeg.size() / 2));
  test::write(folder / "none.jpg", "no picture");
  const test::Pixels grey = test::some_pixels(64, 64, Format::Grey);
  test::write(folder / "scans.jpg", test::with_more_scans(test::jpeg_file(grey, {true, 90}), 200));
  const test::Pixels pixels = test::some_pixels(33, 20, Format::Rgb);
  test::write(folder / "deep.png", test::png_file(pixels, {16, 100, false, 1.0}));
  test::write(folder / "flat.png", test::png_file(pixels));
}
