// atto inspect, bench and run on a model file.
#include <catch2/catch.hpp>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

const std::string kModel = std::string(ATTO_SOURCE_DIR) + "/tests/data/fuzz/model/sample.atto";

/// A PNG of 2 x 2 pixels: red, green, blue, white.
std::string small_png() {
  const unsigned char bytes[] = {
      0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
      0x52, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x08, 0x02, 0x00, 0x00, 0x00, 0xfd,
      0xd4, 0x9a, 0x73, 0x00, 0x00, 0x00, 0x12, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xf8,
      0xcf, 0xc0, 0xc0, 0x00, 0xc2, 0x0c, 0xff, 0x81, 0x00, 0x00, 0x1f, 0xee, 0x05, 0xfb, 0x0b,
      0xd9, 0x68, 0x8b, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
  return {reinterpret_cast<const char*>(bytes), sizeof bytes};
}

}  // namespace

TEST_CASE("inspect shows a model file") {
  const Scratch scratch;
  const Ended text = run_atto(scratch, "inspect " + kModel);
  CHECK(text.code == 0);
  CHECK(text.out.find("depthwise 3x3s1") != std::string::npos);
  CHECK(text.out.find("in strips, with the next") != std::string::npos);
  CHECK(text.out.find("sample: fp32, input 3x8x8, 2 classes") != std::string::npos);
  const json model = json::parse(run_atto(scratch, "inspect --json " + kModel).out);
  CHECK(model.at("steps").size() == 10);
  CHECK(model.at("steps").at(2).at("offset").is_null());
  CHECK(model.at("classes") == json{"cat", "dog"});
  CHECK(model.at("hash") == "000000000000002a");
}

TEST_CASE("bench prints the latency and the share of the peak") {
  const Scratch scratch;
  const Ended ended = run_atto(scratch, "bench --rounds 1 --profile --json " + kModel);
  REQUIRE(ended.code == 0);
  const json bench = json::parse(ended.out);
  CHECK(bench.at("median_ms").get<double>() > 0);
  CHECK(bench.at("fma_peak_gflops").get<double>() > 0.1);
  CHECK(bench.at("steps").size() == 9);
  CHECK_FALSE(bench.contains("core_distance_ns"));
  const json inspected = json::parse(run_atto(scratch, "inspect --json " + kModel).out);
  CHECK(bench.at("weight_bytes") == inspected.at("weight_bytes"));
  CHECK(bench.at("working_bytes") > inspected.at("arena_bytes"));
  const Ended two = run_atto(scratch, "bench --rounds 1 --threads 2 --json " + kModel);
  CHECK(json::parse(two.out).at("core_distance_ns").get<double>() > 1);
  CHECK(json::parse(two.out).at("working_bytes") > bench.at("working_bytes"));  // more scratch
  const Ended scalar = run_atto(scratch, "bench --rounds 1 --profile " + kModel, "ATTO_ISA=scalar");
  CHECK(scalar.out.find("sample fp32, scalar, 1 thread: median") != std::string::npos);
}

TEST_CASE("run names the likeliest classes of an image") {
  const Scratch scratch;
  write_text(scratch / "a.png", small_png());
  const Ended ended =
      run_atto(scratch, "run --json " + kModel + " " + (scratch / "a.png").string());
  REQUIRE(ended.code == 0);
  const json top = json::parse(ended.out).at(0).at("top");
  REQUIRE(top.size() == 2);
  CHECK(top[0].at("share").get<double>() + top[1].at("share").get<double>() == Approx(1));
  CHECK(top[0].at("share") >= top[1].at("share"));
  CHECK(run_atto(scratch, "run " + kModel + " " + (scratch / "a.png").string())
            .out.find(top[0].at("class").get<std::string>()) != std::string::npos);
  CHECK(run_atto(scratch, "run " + kModel + " " + kModel).code == 4);
}

TEST_CASE("a damaged model file is exit code 3 with the byte") {
  const Scratch scratch;
  std::string bytes = read_text(kModel);
  bytes[8] = 9;
  write_text(scratch / "new.atto", bytes);
  const Ended newer = run_atto(scratch, "bench " + (scratch / "new.atto").string());
  CHECK(newer.code == 3);
  CHECK(newer.err ==
        "atto: " + (scratch / "new.atto").string() +
            ": version at byte 8: this runtime reads versions 3 to 6; got 9: export the model "
            "again\n");
  write_text(scratch / "empty.atto", "");
  for (const std::string command : {"bench empty.atto", "run empty.atto a.png"}) {
    const Ended empty = run_atto(scratch, command);
    CHECK(empty.code == 3);
    CHECK(empty.err.find("atto: empty.atto: header at byte 0: ") == 0);
  }
  bytes[8] = 3;
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_text(scratch / "bent.atto", bytes);
  CHECK(run_atto(scratch, "inspect " + (scratch / "bent.atto").string()).code == 3);
  CHECK(run_atto(scratch, "run " + (scratch / "none.atto").string() + " a.png").code == 4);
}
