// A network on a folder of oblong grey images, through all commands.
#include <catch2/catch.hpp>

#include "tests/export/image/picture_files.hpp"
#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

/// Bands that lie elsewhere in each class, [height, width].
std::string banded(int label, int image, int height, int width) {
  Pixels pixels = some_pixels(height, width, atto::image::Format::Grey);
  for (std::size_t i = 0; i < pixels.values.size(); ++i) {
    const auto row = static_cast<int>(i) / width;
    pixels.values[i] = static_cast<std::uint8_t>(pixels.values[i] % 64 + 10 * (image % 7) +
                                                 (row * 3 / height == label ? 100 : 0));
  }
  return png_file(pixels);
}

void make_bands(const std::filesystem::path& set, int height, int width) {
  for (const char* split : {"train", "test"})
    for (int label = 0; label < 3; ++label)
      for (int i = 0; i < 20; ++i)
        write(set / split / ("band" + std::to_string(label)) / (std::to_string(i) + ".png"),
              banded(label, i, height, width));
}

}  // namespace

TEST_CASE("a folder of oblong grey images is trained, judged, exported and run in its own shape") {
  const Scratch scratch;
  make_bands(scratch / "bands", 49, 10);
  const json drawn =
      json::parse(run_atto(scratch, "generate " + tiny_spec() + " -n 1 --json --out made").out);
  const std::string file = "made/" + drawn.at(0).at("hash").get<std::string>() + ".json";
  const Ended trained =
      run_atto(scratch, "train " + file + " --data bands --epochs 2 --out run --device cpu --json");
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(trained.err.find("1x49x10") != std::string::npos);
  const Ended judged = run_atto(scratch, "eval run --json");
  REQUIRE(judged.code == 0);
  CHECK(json::parse(judged.out).at("top1") == json::parse(trained.out).at("test_top1"));
  CHECK(run_atto(scratch, "export run --to atto,onnx").code == 0);
  CHECK(run_atto(scratch, "export run --to atto --int8").code <= 1);  // it may lose accuracy
  CHECK(run_atto(scratch, "run run/model.atto bands/test/band1/3.png").code == 0);
  SECTION("what another folder holds is made to the network's shape") {
    make_bands(scratch / "others", 64, 13);
    write(scratch / "others/test/band0/x.jpg",
          jpeg_file(some_pixels(30, 40, atto::image::Format::Rgb)));
    const Ended others = run_atto(scratch, "eval run --data others --json");
    INFO(others.err);
    CHECK(others.code == 0);
  }
}
