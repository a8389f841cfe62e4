// A data set given by a path, from training to export: what is recorded, found again and refused;
// and folders that hold another training.
#include <png.h>

#include <catch2/catch.hpp>
#include <vector>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

void write_png(const fs::path& file, int level) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = png.height = 8;
  png.format = PNG_FORMAT_RGB;
  std::vector<unsigned char> pixels(8 * 8 * 3, static_cast<unsigned char>(level));
  pixels[0] = 0;
  png_image_write_to_file(&png, file.c_str(), 0, pixels.data(), 0, nullptr);
}

/// Three classes that differ in brightness; `shift` exchanges them.
void make_set(const fs::path& folder, int shift = 0, int images = 12) {
  const char* const names[] = {"ant", "bee", "cat"};
  for (int c = 0; c < 3; ++c)
    for (const char* split : {"train", "val"}) {
      const fs::path to = folder / split / names[(c + shift) % 3];
      fs::create_directories(to);
      for (int i = 0; i < images; ++i)
        write_png(to / (std::to_string(i) + ".png"), 20 + 90 * c + 2 * i);
    }
}

/// `width`: of the stem.
std::string network_of(const std::string& width) {
  return R"({"format": 1, "name": "small", "input": {"channels": 3, "height": 8, "width": 8},
  "classes": 3, "stem": [{"op": "conv", "kernel": 3, "stride": 2, "channels": )" +
         width + R"(}],
  "stages": [{"name": "a", "modules": 1, "stride": 1, "channels": 8, "module": "m"}],
  "head": [{"op": "global_average_pool"}, {"op": "dense"}],
  "modules": {"m": {"chain": [{"op": "pointwise", "channels": "module"}]}}})";
}
const std::string kDesign = network_of("8");
const std::string kPrototype = network_of(R"({"range": [4, 40], "step": 4})");

std::string spec_of(const std::string& dataset) {
  return json({{"format", 1},
               {"name", "small"},
               {"prototype", "proto.json"},
               {"task", {{"dataset", dataset}}},
               {"search",
                {{"strategy", "random_asha"}, {"candidates", 2}, {"rungs", {1}}, {"band", 0}}},
               {"training", {{"final_epochs", 1}, {"final_seeds", 1}, {"batch", 8}}},
               {"export", {"atto"}}})
      .dump();
}

/// Nothing but the scratch folder's `sets` is searched.
Ended run(const Scratch& scratch, const std::string& arguments, const std::string& from = ".") {
  return run_atto(scratch, arguments,
                  "cd '" + from + "' && HOME=" + (scratch / "home").string() +
                      " ATTO_DATA=" + (scratch / "sets").string());
}

std::string train(const std::string& more) {
  return "train design.json --epochs 1 --device cpu --out r " + more;
}

struct Trained {
  Scratch scratch;
  Trained() {
    write_text(scratch / "design.json", kDesign);
    make_set(scratch / "d/sep");
    const Ended ended = run(scratch, train("--data ./d/sep/"));
    INFO(ended.err);
    REQUIRE(ended.code == 0);
  }
};

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("weights find the data set of their training from anywhere, and refuse another one") {
  const Trained trained;
  const Scratch& scratch = trained.scratch;
  fs::create_directories(scratch / "elsewhere");
  SECTION("from another working directory") {
    const Ended eval = run(scratch, "eval ../r --json", "elsewhere");
    INFO(eval.err);
    REQUIRE(eval.code == 0);
    CHECK(json::parse(eval.out).at("dataset") == "sep");
    CHECK(run(scratch, "export ../r --to atto --int8", "elsewhere").code == 0);
  }
  SECTION("moved: by --data, or by its name on the search path") {
    fs::create_directories(scratch / "sets");
    fs::rename(scratch / "d/sep", scratch / "sets/sep");
    CHECK(run(scratch, "eval r").code == 0);
    const Ended given = run(scratch, "eval r --data sets/sep");
    CHECK(given.code == 0);
    CHECK(given.err.empty());
  }
  SECTION("another set of the same last name") {
    make_set(scratch / "sets/sep", 1, 13);
    fs::remove_all(scratch / "d");
    for (const char* command : {"eval r", "export r --to atto --int8"}) {
      const Ended refused = run(scratch, command);
      INFO(refused.err);
      CHECK(refused.code == 4);
      CHECK(holds(refused.err, (scratch / "d/sep").string()));
      CHECK(holds(refused.err, (scratch / "sets/sep").string()));
    }
    const Ended said = run(scratch, "eval r --data sep");
    CHECK(said.code == 0);
    CHECK(holds(said.err, "is not that of the training"));
  }
  SECTION("a set of other classes calibrates, and is not judged on") {
    const std::string ten = "'synthetic:classes=10,size=8,train=300'";
    const Ended refused = run(scratch, "eval r --data " + ten);
    CHECK(refused.code == 2);
    CHECK(holds(refused.err, "must have the network's 3 classes; got 10"));
    const Ended whole = run(scratch, "export r --to atto --int8 --calibrate " + ten);
    INFO(whole.err);
    CHECK_FALSE(holds(whole.err, "must have the shape"));
    CHECK(whole.code <= 1);  // noise may calibrate badly: an expected miss
    CHECK(fs::exists(scratch / "r/calibration.safetensors"));
  }
}

TEST_CASE("reference and calibration of other weights are refused, and so is a foreign folder") {
  const Trained trained;
  const Scratch& scratch = trained.scratch;
  REQUIRE(run(scratch, "export r --to atto,tflite,pytorch --int8").code == 0);
  SECTION("another training needs --force, the same one goes on") {
    CHECK(run(scratch, train("--data d/sep")).code == 0);
    for (const char* more : {"--data d/sep --seed 2", "--data d/sep --threads 2",
                             "--data 'synthetic:classes=3,size=8,train=60'"}) {
      const Ended refused = run(scratch, train(more));
      INFO(refused.err);
      CHECK(refused.code == 2);
      CHECK(holds(refused.err, "holds another training: "));
      CHECK(holds(refused.err, "--force"));
    }
    CHECK(fs::exists(scratch / "r/model.int8.atto"));
    const Ended forced = run(scratch, train("--data d/sep --seed 2 --force"));
    INFO(forced.err);
    CHECK(forced.code == 0);
    CHECK_FALSE(fs::exists(scratch / "r/calibration.safetensors"));
    for (const fs::directory_entry& entry : fs::directory_iterator(scratch / "r"))
      CHECK_FALSE(entry.path().filename().string().starts_with("model."));
    CHECK(run(scratch, "export r --to atto --int8").code == 0);
  }
  SECTION("a campaign is kept, with --force too") {
    REQUIRE(
        run(scratch, "search " + tiny_spec() + " --evaluator fake --candidates 2 --out c").code ==
        0);
    for (const char* force : {"", " --force"}) {
      const Ended refused = run(
          scratch,
          std::string("train design.json --epochs 1 --device cpu --data d/sep --out c") + force);
      CHECK(refused.code == 2);
      CHECK(holds(refused.err, "holds a campaign: ledger.db; choose another folder with --out"));
    }
    CHECK(run(scratch, "status c").code == 0);
  }
  SECTION("another design, a person's file, is kept") {
    fs::create_directories(scratch / "own");
    write_text(scratch / "own/design.json", "{}");
    const Ended refused =
        run(scratch, "train design.json --epochs 1 --device cpu --data d/sep --out own");
    CHECK(refused.code == 2);
    CHECK(holds(refused.err, "holds another design: design.json"));
    CHECK(read_text(scratch / "own/design.json") == "{}");
  }
  SECTION("files of another training beside the weights") {
    REQUIRE(run(scratch, "train design.json --epochs 1 --device cpu --data d/sep --seed 2 --out s")
                .code == 0);
    for (const char* name : {"reference.safetensors", "calibration.safetensors"}) {
      fs::copy_file(scratch / "r" / name, scratch / "s" / name,
                    fs::copy_options::overwrite_existing);
      const Ended refused = run(scratch, "export s --to atto --int8");
      INFO(refused.err);
      CHECK(refused.code == 2);
      CHECK(
          holds(refused.err, "s/" + std::string(name) + ": /__metadata__/weights_digest: must be"));
      fs::remove(scratch / "s" / name);
      CHECK(run(scratch, "export s --to atto --int8").code == 0);
    }
    const Ended mixed = run(scratch, "export r --to atto --out s");
    CHECK(mixed.code == 2);
    CHECK(holds(mixed.err, "--out: must not hold the weights of another training"));
  }
}

TEST_CASE("a campaign's data set is a path of its spec's folder, and is found from anywhere") {
  const Scratch scratch;
  fs::create_directories(scratch / "specs/elsewhere");
  write_text(scratch / "specs/proto.json", kPrototype);
  write_text(scratch / "specs/s.json", spec_of("./d/sep/"));
  make_set(scratch / "specs/d/sep");
  const Ended ended = run(scratch, "search specs/s.json --workers 1 --device cpu --out r");
  INFO(ended.err << ended.out);
  REQUIRE(ended.code == 0);
  CHECK(holds(ended.out, "data: sep 3x8x8, 3 classes"));
  CHECK(fs::exists(scratch / "r/winner/model.int8.atto"));

  const Ended resumed =
      run(scratch, "resume ../../r --candidates 3 --workers 1", "specs/elsewhere");
  INFO(resumed.err);
  CHECK(resumed.code == 0);
  CHECK(run(scratch, "eval ../../r", "specs/elsewhere").code == 0);
  SECTION("a changed set is refused, with what was recorded and what is there") {
    write_png(scratch / "specs/d/sep/train/ant/new.png", 77);
    const Ended changed = run(scratch, "resume r --candidates 4 --workers 1");
    INFO(changed.err);
    CHECK(changed.code == 4);
    CHECK(holds(changed.err, "was changed or replaced; here is sep (3 classes, digest "));
  }
  SECTION("people's files in the folder of a new campaign are kept") {
    fs::create_directories(scratch / "own");
    write_text(scratch / "own/spec.json", "mine");
    const Ended refused = run(scratch, "search specs/s.json --workers 1 --device cpu --out own");
    CHECK(refused.code == 4);
    CHECK(holds(refused.err, "holds another file of this name: "));
    CHECK(read_text(scratch / "own/spec.json") == "mine");
  }
}

TEST_CASE("too few images to judge by are said before anything is trained") {
  const Scratch scratch;
  write_text(scratch / "proto.json", kPrototype);
  write_text(scratch / "design.json", kDesign);
  write_text(scratch / "s.json", spec_of("d"));
  make_set(scratch / "d");
  CHECK(run(scratch, "check s.json").code == 0);
  for (int i = 1; i < 12; ++i) fs::remove(scratch / ("d/train/bee/" + std::to_string(i) + ".png"));
  for (const char* command :
       {"check s.json", "search s.json --dry-run --device cpu", "generate s.json -n 1",
        "train design.json --data d --epochs 1 --device cpu --out r"}) {
    const Ended refused = run(scratch, command);
    INFO(command << "\n" << refused.err);
    CHECK(refused.code == 2);
    CHECK(holds(refused.err,
                "d/train/bee: must hold at least 2 images, one of them for validation; "
                "got 1"));
  }
  json asks = json::parse(spec_of("synthetic:classes=3,size=8,train=60"));
  asks["search"]["images"] = 2;
  write_text(scratch / "s.json", asks.dump());
  for (const char* command : {"check s.json", "search s.json --dry-run --device cpu"}) {
    const Ended refused = run(scratch, command);
    CHECK(refused.code == 2);
    CHECK(
        holds(refused.err, "/search/images: must be at least one image of each of the 3 classes"));
  }
}

TEST_CASE("thousands of classes are trained and judged; a table of all their pairs is refused") {
  const Scratch scratch;
  json design = json::parse(kDesign);
  design["classes"] = 5000;
  design["input"]["channels"] = 1;
  write_text(scratch / "design.json", design.dump());
  const Ended ended =
      run(scratch, train("--data 'synthetic:classes=5000,size=8,channels=1,train=10000,test=10'"));
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const Ended eval = run(scratch, "eval r --json");
  REQUIRE(eval.code == 0);
  CHECK(json::parse(eval.out).at("classes").size() == 5000);
  const Ended refused = run(scratch, "eval r --confusion all.csv");
  CHECK(refused.code == 2);
  CHECK(holds(refused.err, "--confusion: is for at most 4096 classes; got 5000"));
}
