// atto import: weights from PyTorch become the folder of a trained model, or none.
#include <catch2/catch.hpp>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string kWinner = ATTO_SOURCE_DIR "/tests/interop/winner/";
const std::string kDesign = " --design " + kWinner + "design.json";

}  // namespace

TEST_CASE("import makes a folder that export takes, with the same bytes of weights") {
  const Scratch scratch;
  const Ended ended = run_atto(
      scratch, "import " + kWinner + "weights.safetensors" + kDesign + " --out a/b --json");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const json told = json::parse(ended.out);
  CHECK(told.at("written") == "a/b");
  CHECK(told.at("classes") == 10);
  CHECK(told.at("params") == 52034);
  // What was computed of weights says which: the same ones.
  const Ended exported = run_atto(
      scratch, "export a/b --to atto,onnx --reference " + kWinner + "reference.safetensors");
  INFO(exported.err);
  CHECK(exported.code == 0);
  CHECK(fs::exists(scratch / "a/b/model.atto"));

  const Ended again =
      run_atto(scratch, "import " + kWinner + "weights.safetensors" + kDesign + " --out a/b");
  CHECK(again.code == 2);
  CHECK(again.err.find("--out: must be a folder without trained weights") != std::string::npos);
}

TEST_CASE("import says what it was handed instead of weights, and writes nothing") {
  const Scratch scratch;
  write_text(scratch / "net.pth", "PK\x03\x04pickles");
  write_text(scratch / "old.pt", "\x80\x02}q");
  write_text(scratch / "short.safetensors", "abc");
  fs::copy(kWinner + "weights.safetensors", scratch / "cut.safetensors");
  fs::resize_file(scratch / "cut.safetensors", 4000);
  const auto refused = [&](const std::string& arguments, int code, const std::string& told) {
    const Ended ended = run_atto(scratch, "import " + arguments + " --out out");
    CAPTURE(arguments, ended.err);
    CHECK(ended.code == code);
    CHECK(ended.err.find(told) != std::string::npos);
    CHECK_FALSE(fs::exists(scratch / "out"));
  };
  refused("net.pth" + kDesign, 2, "net.pth: is a pickle, which may run any program");
  refused("old.pt" + kDesign, 2, "torch.load('old.pt', map_location='cpu')");
  refused("short.safetensors" + kDesign, 2, "short.safetensors: ");
  refused("cut.safetensors" + kDesign, 2, "cut.safetensors");
  refused("nowhere.safetensors" + kDesign, 4, "nowhere.safetensors");
  refused(kWinner + "design.json" + kDesign, 2, "is a design or prototype");
  refused(kWinner + "weights.safetensors --design nowhere.json", 4, "nowhere.json");
  refused(kWinner + "weights.safetensors --design " + kWinner + "weights.safetensors", 2,
          "atto import --design takes a design or prototype");
  refused(kWinner + "reference.safetensors" + kDesign, 2, "unknown tensor");
  refused(kWinner + "weights.safetensors --design " ATTO_SOURCE_DIR "/prototypes/resnet14_32.json",
          2, "must have the shape");
  CHECK(run_atto(scratch, "import " + kWinner + "weights.safetensors" + kDesign).code == 2);
}

TEST_CASE("An exported ONNX model comes back with its hash, and a part of it can be reopened") {
  const Scratch scratch;
  fs::copy(kWinner, scratch / "winner", fs::copy_options::recursive);
  const Ended exported = run_atto(scratch, "export winner --to onnx --name net --out there");
  INFO(exported.err);
  REQUIRE(exported.code == 0);
  const Ended ended = run_atto(scratch, "import there/net.onnx --out back --json");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const json design = json::parse(run_atto(scratch, "inspect winner/design.json --json").out);
  CHECK(json::parse(ended.out).at("hash") == design.at("hash"));
  CHECK(run_atto(scratch, "export back --to atto --reference winner/reference.safetensors").code ==
        0);
  CHECK(run_atto(scratch, "reopen back/design.json --free 'stages[1].modules[*]' --out open.json")
            .code == 0);

  const Ended design_too =
      run_atto(scratch, "import there/net.onnx --design winner/design.json --out other");
  CHECK(design_too.code == 2);
  CHECK(design_too.err.find("an ONNX model is its own design") != std::string::npos);
  write_text(scratch / "broken.onnx", "\x08\x07\x12\x03");
  for (const std::string file : {"broken.onnx", "there"}) {
    const Ended broken = run_atto(scratch, "import " + file + " --out other");
    CHECK(broken.code == 2);
    CHECK_FALSE(broken.err.empty());
  }
  CHECK_FALSE(fs::exists(scratch / "other"));
  const Ended bare = run_atto(scratch, "import winner/weights.safetensors --out other");
  CHECK(bare.code == 2);
  CHECK(bare.err.find("--design: is required") != std::string::npos);
}
