// What commands say of a path that is another's.
#include "search/cli/path_kind.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using atto::cli::kind_of;
using atto::cli::PathKind;
using nlohmann::json;

namespace {

const std::string kShownModel = std::string(ATTO_SOURCE_DIR) + "/tests/data/fuzz/model/sample.atto";

/// The smallest file of tensors: an empty header.
std::string empty_tensors() {
  return std::string("\x02\0\0\0\0\0\0\0", 8) + "{}";
}

/// A PNG of one grey pixel.
std::string grey_png() {
  const unsigned char bytes[] = {
      0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
      0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00,
      0x00, 0x3a, 0x7e, 0x9b, 0x55, 0x00, 0x00, 0x00, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78,
      0x9c, 0x63, 0x68, 0x00, 0x00, 0x00, 0x82, 0x00, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0x00,
      0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
  return {reinterpret_cast<const char*>(bytes), sizeof bytes};
}

void make_folder(const Scratch& scratch, const std::string& name) {
  std::filesystem::create_directories(scratch / name);
}

/// One path of every kind that a command can be handed by mistake.
void lay_out(const Scratch& scratch) {
  write_text(scratch / "model.atto", read_text(kShownModel));
  write_text(scratch / "model.onnx", std::string("\x08\x08\x12\x04", 4) + "atto");
  write_text(scratch / "weights.safetensors", empty_tensors());
  write_text(scratch / "a.png", grey_png());
  write_text(scratch / "net.pt", "PK\x03\x04 and so on");
  write_text(scratch / "net.tflite", std::string("\x1c\0\0\0", 4) + "TFL3");
  write_text(scratch / "spec.json", read_text(tiny_spec()));
  write_text(scratch / "net.json",
             read_text(ATTO_SOURCE_DIR "/tests/search/data/tiny_prototype.json"));
  make_folder(scratch, "empty");
  make_folder(scratch, "set/train/cat");
  make_folder(scratch, "trained");
  write_text(scratch / "trained/weights.safetensors", empty_tensors());
}

}  // namespace

TEST_CASE("A path's kind is read from its contents, whatever its name") {
  const Scratch scratch;
  lay_out(scratch);
  write_text(scratch / "odd.txt", read_text(kShownModel));
  write_text(scratch / "ledger", "SQLite format 3 and so on");
  write_text(scratch / "cut.json", "{ \"stages\": [");
  write_text(scratch / "bom.json", "\xef\xbb\xbf" + read_text(scratch / "net.json"));
  const std::pair<const char*, PathKind> kinds[] = {{"model.atto", PathKind::Model},
                                                    {"odd.txt", PathKind::Model},
                                                    {"model.onnx", PathKind::Onnx},
                                                    {"weights.safetensors", PathKind::Weights},
                                                    {"a.png", PathKind::Image},
                                                    {"net.pt", PathKind::PyTorch},
                                                    {"net.tflite", PathKind::TensorFlowLite},
                                                    {"spec.json", PathKind::Spec},
                                                    {"net.json", PathKind::Network},
                                                    {"cut.json", PathKind::Unknown},
                                                    {"ledger", PathKind::Ledger},
                                                    {"empty", PathKind::Folder},
                                                    {"set", PathKind::DataSet},
                                                    {"trained", PathKind::Training},
                                                    {"nowhere", PathKind::Unknown}};
  for (const auto& [name, kind] : kinds) {
    INFO(name);
    CHECK(kind_of(scratch / name) == kind);
  }
}

TEST_CASE("Every command says what a path is, what takes it, and what the command takes") {
  const Scratch scratch;
  lay_out(scratch);
  const auto told = [&](const std::string& arguments) {
    const Ended ended = run_atto(scratch, arguments);
    INFO(arguments);
    CHECK(ended.code == 2);
    return ended.err;
  };
  CHECK(told("inspect model.onnx") ==
        "model.onnx: is an ONNX model, for atto import; atto inspect takes a design or prototype "
        "or a "
        ".atto model\n");
  CHECK(told("bench weights.safetensors") ==
        "weights.safetensors: is a file of weights (safetensors), for atto export, eval, import; "
        "atto bench "
        "takes a .atto model, the folder of a trained model or the run folder of a campaign\n");
  CHECK(told("inspect weights.safetensors").find("is a file of weights") != std::string::npos);
  CHECK(told("check model.atto")
            .find("is a .atto model, for atto inspect, run, bench; atto check "
                  "takes a design spec or a design or prototype") != std::string::npos);
  CHECK(told("export model.atto --to onnx").find("is a .atto model") != std::string::npos);
  CHECK(told("run empty a.png") ==
        "empty: is a folder and holds no .atto model; atto export empty --to atto writes one\n");
  CHECK(told("bench trained").find("holds no .atto model") != std::string::npos);
  CHECK(told("bench set").find("is the folder of a data set") != std::string::npos);
  CHECK(told("inspect set").find("is the folder of a data set") != std::string::npos);
  CHECK(told("run a.png model.atto").find("is an image, for atto run MODEL") != std::string::npos);
  CHECK(told("search net.json --dry-run").find("is a design or prototype") != std::string::npos);
  CHECK(told("generate model.atto").find("is a .atto model") != std::string::npos);
  CHECK(told("inspect spec.json").find("is a design spec") != std::string::npos);
  CHECK(told("reopen spec.json --list").find("is a design spec") != std::string::npos);
  CHECK(told("status trained").find("is the folder of a trained model") != std::string::npos);
  CHECK(told("report model.atto").find("is a .atto model") != std::string::npos);
  CHECK(told("inspect net.pt").find("PyTorch's checkpoints") != std::string::npos);
  CHECK(told("tabulate net.tflite").find("is a TensorFlow Lite model") != std::string::npos);
}

TEST_CASE("Every JSON file is read once, so that a pipe will do for it") {
  const Scratch scratch;
  lay_out(scratch);
  const std::string drawn =
      run_atto(scratch, "generate " + tiny_spec() + " -n 1 --json --out made").out;
  const std::string design =
      "made/" + json::parse(drawn).at(0).at("hash").get<std::string>() + ".json";
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = (scratch / "net.json").string();
  write_text(scratch / "whole.json", spec.dump());
  const std::string start = "search " + tiny_spec() + " --evaluator fake --candidates 4 ";
  REQUIRE(run_atto(scratch, start + "--out run").code == 0);
  /// Whoever opens the pipe again waits for good.
  const auto from_pipe = [&](const std::string& file, const std::string& arguments) {
    const Ended ended = run_atto(scratch, arguments,
                                 "rm -f pipe; mkfifo pipe; cat '" + file + "' >pipe & timeout 60");
    INFO(arguments << ": " << ended.err);
    CHECK(ended.code == 0);
  };
  from_pipe("net.json", "check pipe");
  from_pipe("whole.json", "check pipe");
  from_pipe("whole.json", "generate pipe -n 1");
  from_pipe(design, "inspect pipe");
  from_pipe(design, "reopen pipe --list");
  from_pipe("whole.json", "search pipe --evaluator fake --candidates 4 --out other");
  from_pipe(design, start + "--include pipe --out third");
  from_pipe(design, "steer run --try pipe");
  from_pipe("whole.json", "calibrate pipe --evaluator fake --designs 4 --out measured");
  spec["prototype"] = kSource + "/prototypes/tabular_16.json";
  spec["require"] = {{"params", {{"max", "8k"}}}};
  write_text(scratch / "table.json", spec.dump());
  from_pipe("table.json", "tabulate pipe --evaluator fake --dry-run");
}

TEST_CASE("What a file names is found beside it, behind a link to its folder too") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch / "home/specs");
  std::filesystem::create_directories(scratch / "home/nets");
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = "../nets/net.json";
  write_text(scratch / "home/specs/spec.json", spec.dump());
  write_text(scratch / "home/nets/net.json",
             read_text(kSource + "/tests/search/data/tiny_prototype.json"));
  std::filesystem::create_directory_symlink(scratch / "home/specs", scratch / "link");
  CHECK(run_atto(scratch, "check home/specs/spec.json").code == 0);
  CHECK(run_atto(scratch, "check link/spec.json").code == 0);
  CHECK(run_atto(scratch, "search link/spec.json --evaluator fake --dry-run").code == 0);
}

TEST_CASE("bench and run take a folder with a model: a training's, or a campaign's winner's") {
  const Scratch scratch;
  lay_out(scratch);
  const std::string model = read_text(kShownModel);
  make_folder(scratch, "run/winner");
  write_text(scratch / "run/winner/model.atto", model);
  write_text(scratch / "run/winner/model.int8.atto", model);
  CHECK(run_atto(scratch, "bench run --rounds 1").code == 0);
  const Ended ran = run_atto(scratch, "run run a.png --json");
  CHECK(ran.code == 0);
  CHECK(json::parse(ran.out).size() == 1);
  make_folder(scratch, "family/winner-a");
  write_text(scratch / "family/winner-a/model.atto", model);
  CHECK(run_atto(scratch, "bench family --rounds 1").code == 0);
  make_folder(scratch, "family/winner-b");
  write_text(scratch / "family/winner-b/model.atto", model);
  const Ended several = run_atto(scratch, "bench family --rounds 1");
  CHECK(several.code == 2);
  CHECK(several.err.find("holds several models; name one: family/winner-a/model.atto, "
                         "family/winner-b/model.atto") != std::string::npos);
}

TEST_CASE("run takes folders of images, goes on after a bad one, and counts those at the end") {
  const Scratch scratch;
  lay_out(scratch);
  make_folder(scratch, "photos/b");
  make_folder(scratch, "photos/.hidden");
  write_text(scratch / "photos/z.PNG", grey_png());
  write_text(scratch / "photos/a.png", "no picture");
  write_text(scratch / "photos/b/c.png", grey_png());
  write_text(scratch / "photos/notes.txt", "none");
  write_text(scratch / "photos/._z.png", "none");
  write_text(scratch / "photos/.hidden/y.png", grey_png());
  REQUIRE(::mkfifo((scratch / "photos/b/pipe.png").c_str(), 0600) == 0);  // would be waited for
  const Ended ended = run_atto(scratch, "run model.atto photos gone.png a.png empty --json");
  CHECK(ended.code == 4);
  const json all = json::parse(ended.out);
  REQUIRE(all.size() == 6);
  const char* const images[] = {"photos/a.png", "photos/b/c.png", "photos/z.PNG",
                                "gone.png",     "a.png",          "empty"};
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i].at("image") == images[i]);
  for (const std::size_t good : {1u, 2u, 4u}) CHECK(all[good].at("top").size() == 2);
  for (const std::size_t bad : {0u, 3u, 5u})
    CHECK_FALSE(all[bad].at("error").get<std::string>().empty());
  CHECK(ended.err.find("3 of 6 images could not be classified\n") != std::string::npos);
  const Ended text = run_atto(scratch, "run model.atto photos");
  CHECK(text.code == 4);
  CHECK(text.out.find("photos/z.PNG (") != std::string::npos);
  CHECK(text.err.find("1 of 3 images could not be classified\n") != std::string::npos);
  CHECK(run_atto(scratch, "run model.atto photos/b").code == 0);
}
