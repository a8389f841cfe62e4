// atto export: checked files of a trained model, and none where the check fails.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iterator>
#include <sstream>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// A copy of a small trained model, with LibTorch's logits, as the folder "winner".
void copy_winner(const Scratch& scratch) {
  fs::copy(ATTO_SOURCE_DIR "/tests/interop/winner", scratch / "winner");
}

/// Zeroes a part of the weights, which stay a legal file.
void corrupt(const fs::path& weights, int count = 4096) {
  std::string bytes = read_text(weights);
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2), count, '\0');
  write_text(weights, bytes);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), {}};
}

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("export writes a file that agrees with LibTorch, and says how well") {
  const Scratch scratch;
  copy_winner(scratch);
  const Ended ended = run_atto(scratch, "export winner --to onnx --out out --json");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const json list = json::parse(ended.out);
  REQUIRE(list.size() == 1);
  CHECK(list[0].at("target") == "onnx");
  CHECK(list[0].at("precision") == "fp32");
  CHECK(list[0].at("file") == "out/model.onnx");
  CHECK(list[0].at("bytes") == fs::file_size(scratch / "out/model.onnx"));
  CHECK(list[0].at("agrees") == true);
  CHECK(list[0].at("images") == 64);
  CHECK(list[0].at("max_error").get<double>() < 1e-5);
  CHECK(list[0].at("top1_agreement") == 1.0);
  CHECK(list[0].at("top1") == list[0].at("reference_top1"));
  CHECK(files_in(scratch / "out") == 1);

  SECTION("int8 is smaller, beside it, and agrees in the top class") {
    const Ended whole = run_atto(scratch,
                                 "export winner --to onnx --out out --json --int8 --calibrate "
                                 "winner/reference.safetensors");
    INFO(whole.err);
    REQUIRE(whole.code == 0);
    const json int8 = json::parse(whole.out).at(0);
    CHECK(int8.at("file") == "out/model.int8.onnx");
    CHECK(int8.at("top1_agreement").get<double>() >= 0.95);
    CHECK(int8.at("bytes").get<double>() < 0.6 * list[0].at("bytes").get<double>());
    CHECK(files_in(scratch / "out") == 2);
  }
  SECTION("weights that are not those of the reference: no file, exit 1, the old file gone") {
    corrupt(scratch / "winner/weights.safetensors");
    const Ended wrong = run_atto(scratch, "export winner/weights.safetensors --to onnx --out out");
    CHECK(wrong.code == 1);
    CHECK(wrong.out.empty());
    CHECK(wrong.err.find("out/model.onnx: does not agree with LibTorch, max error ") == 0);
    CHECK(files_in(scratch / "out") == 0);
  }
}

TEST_CASE("export writes a model file that our engine runs as LibTorch does") {
  const Scratch scratch;
  copy_winner(scratch);
  const Ended ended = run_atto(scratch, "export winner --to atto,onnx --json");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const json list = json::parse(ended.out);
  REQUIRE(list.size() == 2);
  CHECK(list[0].at("target") == "atto");
  CHECK(list[0].at("file") == "winner/model.atto");
  CHECK(list[0].at("max_error").get<double>() < 1e-5);
  CHECK(list[0].at("top1_agreement") == 1.0);
  const json model = json::parse(run_atto(scratch, "inspect --json winner/model.atto").out);
  const json onnx = json::parse(run_atto(scratch, "inspect --json winner/design.json").out);
  CHECK(model.at("hash") == onnx.at("hash"));
  CHECK(model.at("macs") == onnx.at("macs"));

  SECTION("int8 is smaller, beside it, and agrees in the top class") {
    const Ended whole = run_atto(
        scratch, "export winner --to atto --json --int8 --calibrate winner/reference.safetensors");
    INFO(whole.err);
    REQUIRE(whole.code == 0);
    const json int8 = json::parse(whole.out).at(0);
    CHECK(int8.at("file") == "winner/model.int8.atto");
    CHECK(int8.at("top1_agreement").get<double>() >= 0.95);
    CHECK(int8.at("bytes").get<double>() < 0.6 * list[0].at("bytes").get<double>());
    CHECK(json::parse(run_atto(scratch, "inspect --json winner/model.int8.atto").out)
              .at("precision") == "int8");
    corrupt(scratch / "winner/weights.safetensors", 40000);
    const Ended wrong = run_atto(
        scratch, "export winner --to atto --int8 --calibrate winner/reference.safetensors");
    CHECK(wrong.code == 1);
    CHECK(wrong.err.find(
              "winner/model.int8.atto: does not agree with LibTorch, top-1 agreement ") == 0);
    CHECK_FALSE(fs::exists(scratch / "winner/model.int8.atto"));
    CHECK(fs::exists(scratch / "winner/model.atto"));
    return;
  }

  SECTION("bf16 is smaller, beside it, and agrees in the top class; bench and inspect know it") {
    const Ended half = run_atto(scratch, "export winner --to atto --json --bf16");
    INFO(half.err);
    REQUIRE(half.code == 0);
    const json bf16 = json::parse(half.out).at(0);
    CHECK(bf16.at("precision") == "bf16");
    CHECK(bf16.at("file") == "winner/model.bf16.atto");
    CHECK(bf16.at("max_error").get<double>() > 1e-4);
    CHECK(bf16.at("max_error").get<double>() < 3e-2);
    CHECK(bf16.at("top1_agreement").get<double>() >= 0.98);
    CHECK(bf16.at("bytes").get<double>() < 0.7 * list[0].at("bytes").get<double>());
    CHECK(json::parse(run_atto(scratch, "inspect --json winner/model.bf16.atto").out)
              .at("precision") == "bf16");
    const json bench =
        json::parse(run_atto(scratch, "bench --rounds 1 --json winner/model.bf16.atto").out);
    CHECK(bench.at("precision") == "bf16");
    CHECK(bench.at("bf16_peak_gflops").get<double>() > 0.1);
    corrupt(scratch / "winner/weights.safetensors");
    CHECK(run_atto(scratch, "export winner --to atto --bf16").code == 1);
    CHECK_FALSE(fs::exists(scratch / "winner/model.bf16.atto"));
    CHECK(fs::exists(scratch / "winner/model.atto"));
    return;
  }

  corrupt(scratch / "winner/weights.safetensors");
  CHECK(run_atto(scratch, "export winner --to atto").code == 1);
  CHECK_FALSE(fs::exists(scratch / "winner/model.atto"));
}

TEST_CASE("The trained network of the repository is exported without its data set, and runs") {
  const Scratch scratch;
  const std::string model =
      ATTO_SOURCE_DIR "/prototypes/trained/generative_synthesis_64_at_d --to atto,onnx --out out";
  const Ended ended = run_atto(scratch, "export " + model + " --json");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const json list = json::parse(ended.out);
  REQUIRE(list.size() == 2);
  for (const json& file : list) {
    CHECK(file.at("images") == 8);
    CHECK(file.at("max_error").get<double>() < 1e-5);
  }
  const Ended run =
      run_atto(scratch, "run out/model.atto " ATTO_SOURCE_DIR "/docs/pictures/fashion_scenes.png");
  CHECK(run.code == 0);
  CHECK_THAT(run.out, Catch::Contains("grasshopper"));
}

TEST_CASE("export writes C that the program of the format's page runs") {
  const Scratch scratch;
  copy_winner(scratch);
  const Ended ended = run_atto(scratch,
                               "export winner --to c --int8 --name clothes --out out --json "
                               "--calibrate winner/reference.safetensors");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const json made = json::parse(ended.out).at(0);
  CHECK(made.at("file") == "out/clothes.int8.c");
  CHECK(made.at("agrees") == true);
  CHECK(made.at("not_run") == "");
  CHECK(made.at("bytes") == fs::file_size(scratch / "out/clothes.int8.c") +
                                fs::file_size(scratch / "out/clothes.int8.h"));
  CHECK(files_in(scratch / "out") == 2);

  const std::string page = read_text(ATTO_SOURCE_DIR "/docs/targets/c.md");
  const std::size_t begin = page.find("    #include \"clothes.int8.h\"");
  REQUIRE(begin != std::string::npos);
  const std::size_t end = page.find("\n    }\n", begin) + 7;
  write_text(scratch / "out/main.c", page.substr(begin, end - begin));
  const std::string command = "cd '" + (scratch / "out").string() +
                              "' && cc -std=c99 -O2 -Wall -Wextra -Wpedantic -Werror "
                              "-DCLOTHES_INT8_WITH_NAMES main.c clothes.int8.c -lm -o main && "
                              "head -c 784 /dev/zero | ./main > said";
  REQUIRE(std::system(command.c_str()) == 0);
  CHECK(read_text(scratch / "out/said").ends_with("\n"));
  CHECK(read_text(scratch / "out/said").size() > 4);
}

TEST_CASE("export writes TensorFlow Lite models, with a line for each class beside them") {
  const Scratch scratch;
  copy_winner(scratch);
  const Ended whole = run_atto(scratch,
                               "export winner --to atto,tflite --int8 --io float --out out --json "
                               "--calibrate winner/reference.safetensors");
  INFO(whole.err);
  REQUIRE(whole.code == 0);
  const json int8 = json::parse(whole.out).at(1);
  CHECK(int8.at("target") == "tflite");
  CHECK(int8.at("file") == "out/model.int8.tflite");
  CHECK(int8.at("top1_agreement").get<double>() >= 0.95);
  CHECK(read_text(scratch / "out/model.int8.tflite").substr(4, 4) == "TFL3");
  const std::string labels = read_text(scratch / "out/model.int8.labels.txt");
  CHECK(labels.starts_with("T-shirt/top\nTrouser\n"));
  CHECK(std::count(labels.begin(), labels.end(), '\n') == 10);
  const Ended real = run_atto(scratch, "export winner --to tflite --out out --name clothes --json");
  INFO(real.err);
  REQUIRE(real.code == 0);
  const json floats = json::parse(real.out).at(0);
  CHECK(floats.at("max_error").get<double>() < 1e-5);
  CHECK(floats.at("bytes").get<double>() > 2 * int8.at("bytes").get<double>());
  CHECK(fs::exists(scratch / "out/clothes.labels.txt"));
  corrupt(scratch / "winner/weights.safetensors");
  CHECK(run_atto(scratch, "export winner --to tflite --out winner --name clothes").code == 1);
  CHECK_FALSE(fs::exists(scratch / "winner/clothes.labels.txt"));
}

TEST_CASE("In a list, formats without the precision that is asked for are written in float32") {
  const Scratch scratch;
  copy_winner(scratch);
  const Ended ended = run_atto(
      scratch,
      "export winner --to pytorch,atto --out out --int8 --calibrate winner/reference.safetensors");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const std::vector<std::string> lines = lines_of(ended.out);
  REQUIRE(lines.size() == 3);
  CHECK(words_of(lines[0]) ==
        words_of("format as file size images max error top-1 agreement top-1 LibTorch's run by"));
  CHECK(lines[1].starts_with("pytorch  fp32  out/model.py         "));
  CHECK(lines[2].starts_with("atto     int8  out/model.int8.atto  "));
  CHECK(lines[2].find("  64  ") != std::string::npos);
  CHECK(lines[2].find("  our engine, ") != std::string::npos);
  CHECK(lines[0].find("run by") == lines[2].find("our engine"));
}

TEST_CASE("All formats but those that this machine cannot write are written") {
  const Scratch scratch;
  copy_winner(scratch);
  const std::string tools = "ATTO_WASM=/no/such/engine PYTHON=no-such-python";
  const Ended ended = run_atto(scratch, "export winner --to all --out out", tools);
  INFO(ended.out << ended.err);
  REQUIRE(ended.code == 0);
  const std::vector<std::string> lines = lines_of(ended.out);
  REQUIRE(lines.size() == 7);
  CHECK(lines[1].find("  our engine, ") != std::string::npos);
  CHECK(lines[2].ends_with("  our ONNX executor"));
  CHECK(lines[3].ends_with("  cc -std=c99 -O2"));
  CHECK(lines[4].ends_with("  -  written, not run: no no-such-python"));
  CHECK(lines[5].ends_with("  our TensorFlow Lite executor"));
  CHECK(lines[6].starts_with("web was not written: "));
  CHECK(lines[6].find("/no/such/engine") != std::string::npos);
  CHECK(fs::exists(scratch / "out/model.tflite"));
  CHECK_FALSE(fs::exists(scratch / "out/model.html"));
  CHECK(run_atto(scratch, "export winner --to all --out out --strict", tools).code == 1);
  const json list =
      json::parse(run_atto(scratch, "export winner --to all --out out --json", tools).out);
  CHECK(list.at(2).at("run_by") == "cc -std=c99 -O2");
  CHECK(list.at(3).at("run_by") == "");
  CHECK(list.at(4).at("target") == "web");
  CHECK(list.at(4).at("agrees").is_null());
  CHECK(list.at(4).at("file") == "");
  CHECK(list.at(4).at("not_written") == lines[6].substr(21));
  // Asked for by its name, it is missed before anything is written.
  for (const char* formats : {"atto,web", "all,web", "web,all"}) {
    const Ended refused =
        run_atto(scratch, "export winner --to " + std::string(formats) + " --out none", tools);
    CHECK(refused.code == 4);
    CHECK_FALSE(fs::exists(scratch / "none"));
  }
}

TEST_CASE("Where the check of one format breaks off, no file of any gets its name") {
  const Scratch scratch;
  copy_winner(scratch);
  // It has torch, but every model fails in it.
  write_text(scratch / "python", "#!/bin/sh\n[ \"$1\" = -c ]\n");
  fs::permissions(scratch / "python", fs::perms::owner_all);
  const Ended ended = run_atto(scratch, "export winner --to atto,onnx,pytorch --out out",
                               "PYTHON='" + (scratch / "python").string() + "'");
  CHECK(ended.code == 4);
  CHECK(ended.err.find("model.py failed") != std::string::npos);
  CHECK(files_in(scratch / "out") == 0);
}

TEST_CASE("A format that is named twice is written once") {
  const Scratch scratch;
  copy_winner(scratch);
  const Ended ended = run_atto(scratch, "export winner --to atto,onnx,atto --out out");
  CHECK(ended.code == 0);
  CHECK(lines_of(ended.out).size() == 3);
}

TEST_CASE("Shells complete the formats of a list, and each once") {
  const Scratch scratch;
  const auto completed = [&](const std::string& word) {
    return lines_of(run_atto(scratch, "__complete export winner --to '" + word + "'").out);
  };
  using Words = std::vector<std::string>;
  CHECK(completed("") == Words{"atto", "onnx", "c", "pytorch", "web", "tflite", "all"});
  CHECK(completed("a") == Words{"atto", "all"});
  CHECK(completed("atto,o") == Words{"atto,onnx"});
  CHECK(completed("onnx,tflite,") == Words{"onnx,tflite,atto", "onnx,tflite,c",
                                           "onnx,tflite,pytorch", "onnx,tflite,web",
                                           "onnx,tflite,all"});
  CHECK(completed("coreml").empty());
  const Words strategies =
      lines_of(run_atto(scratch, "__complete search x.json --strategy gen").out);
  CHECK(strategies.at(0) == "generative_synthesis");
}

TEST_CASE("export says where C was written and not run") {
  const Scratch scratch;
  copy_winner(scratch);
  const Ended ended = run_atto(scratch, "export winner --to c", "CC=no-such-cc");
  INFO(ended.err);
  CHECK(ended.code == 0);
  CHECK(ended.out.ends_with("written, not run: no C compiler (no-such-cc)\n"));
  CHECK(fs::exists(scratch / "winner/model.c"));
  const Ended told = run_atto(scratch, "export winner --to c --json", "CC=no-such-cc");
  CHECK(json::parse(told.out).at(0).at("agrees").is_null());
  CHECK(run_atto(scratch, "export winner --to c --strict", "CC=no-such-cc").code == 1);
}

TEST_CASE("export answers for a bad command line and for files that do not fit") {
  const Scratch scratch;
  copy_winner(scratch);
  const auto refused = [&](const std::string& arguments, int code, const std::string& text) {
    const Ended ended = run_atto(scratch, "export " + arguments);
    INFO(arguments << "\n" << ended.err);
    CHECK(ended.code == code);
    CHECK(ended.err.find(text) != std::string::npos);
  };
  refused("winner --to coreml", 2,
          "--to: must be of atto, onnx, c, pytorch, web, tflite, or all; got coreml");
  refused("winner --to tflite --bf16", 2, "--to: the target tflite has no bf16");
  refused("winner --to tflite --io float", 2, "--int8");
  refused("winner --to tflite --int8 --io u8", 2, "--io");
  refused("winner --to atto,c --int8 --io float", 2,
          "--io: needs one of the formats tflite; got float");
  refused("winner", 2, "--to");
  refused("nowhere --to onnx", 4, "nowhere");
  fs::create_directory(scratch / "empty");
  refused("empty --to onnx", 2, "empty: must hold weights.safetensors");
  refused("winner --to onnx,c --bf16", 2, "--to: the target onnx has no bf16");
  refused("winner --to c --bf16", 2, "--to: the target c has no bf16");
  refused("winner --to c --name a/b", 2, "--name: must be a letter, then letters, digits");
  refused("winner --to c --name 8bit", 2, "--name: must be a letter");
  refused("winner --to atto --int8 --bf16", 2, "--bf16");
  CHECK_FALSE(fs::exists(scratch / "winner/model.bf16.atto"));
  refused("winner --to onnx --calibrate x.safetensors", 2, "--int8");
  refused("winner --to onnx --int8 --calibrate x.safetensors", 4, "x.safetensors");
  refused("winner --to onnx --design " + tiny_spec(), 2, tiny_spec());
  refused("winner --to onnx --reference winner/weights.safetensors", 2,
          "weights.safetensors: /inputs: the file must hold it");

  // What is wrong with files that are there shows before others are made.
  fs::remove(scratch / "winner/reference.safetensors");
  refused("winner --to onnx --int8 --calibrate x.safetensors", 4,
          "such file or directory: x.safetensors");
  fs::copy(scratch / "winner", scratch / "other");
  corrupt(scratch / "other/weights.safetensors");
  refused("winner --to onnx --out other", 2,
          "--out: must not hold the weights of another training");

  fs::remove(scratch / "winner/design.json");
  refused("winner --to onnx", 4, "winner/design.json");
  CHECK_FALSE(fs::exists(scratch / "winner/model.onnx"));
}
