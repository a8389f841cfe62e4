// A file gets its name only when it computes what the reference says; each format holds to that.
#include "export/targets/exporting.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <set>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/reading/json.hpp"
#include "export/reference/interpreter.hpp"
#include "tests/export/random_weights.hpp"

using namespace atto;
using namespace atto::deploy;
namespace fs = std::filesystem;

namespace {

struct Scratch {
  fs::path folder = fs::temp_directory_path() / ("atto_targets_" + std::to_string(::getpid()));
  Scratch() { fs::create_directories(folder); }
  ~Scratch() { fs::remove_all(folder); }

  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
      names.insert(entry.path().filename().string());
    return names;
  }
};

/// A small classifier with the logits of its interpreter as reference.
struct Trained {
  TrainedModel model;
  ImageSet images;

  Trained() {
    model.network = {"small",
                     {3, 9, 8},
                     4,
                     {{"input", net::InputLayer{}, {}},
                      {"stem.conv", net::Conv{8, 3, 2}, {0}},
                      {"stem.norm", net::BatchNorm{}, {1}},
                      {"stem.act", net::Activate{net::Activation::Relu}, {2}},
                      {"head.pool", net::GlobalAveragePool{}, {3}},
                      {"head.dense", net::Dense{}, {4}}},
                     {{"logits", 5}}};
    model.weights = test::random_weights(model.network, 1);
    images.shape = model.network.input;
    images.count = 16;
    const Interpreter interpreter(model.network, model.weights);
    for (std::int64_t n = 0; n < images.count; ++n) {
      const std::vector<float> image = test::random_image(images.shape, static_cast<unsigned>(n));
      images.inputs.insert(images.inputs.end(), image.begin(), image.end());
      const std::vector<float> logits = interpreter.run(image).front();
      images.logits.insert(images.logits.end(), logits.begin(), logits.end());
    }
  }

  Artefact exported(const Target& target, Precision precision, const fs::path& folder) const {
    std::optional<Int8Model> int8;
    if (precision == Precision::I8 && target.quantise != nullptr)
      int8 = target.quantise(model, images);
    return export_to(target, {model, precision, int8 ? &*int8 : nullptr}, images, folder);
  }
};

/// The label torch_python is for what needs it.
bool lacks_torch(const Artefact& made) {
  return made.target == "pytorch" && made.not_run.ends_with("has no torch");
}

/// The label web is for what needs them: the engine as a module, and Node.
bool lacks_tools(const Target& target) {
  try {
    require_tools(target);
    return false;
  } catch (const EnvironmentError& error) {
    CHECK_THAT(error.what(), Catch::Contains("cmake --preset edge-wasm"));
    return true;
  }
}
bool lacks_node(const Artefact& made) {
  return made.target == "web" && made.not_run == "no node";
}

}  // namespace

TEST_CASE("A spec may ask for every format, and editors offer them all") {
  const spec::Document schema =
      spec::read_json(std::string(ATTO_SOURCE_DIR) + "/design_specs/design_spec.schema.json");
  const spec::Value* at = &schema.root;
  for (const char* key : {"properties", "export", "items", "enum"}) {
    at = at->find(key);
    REQUIRE(at != nullptr);
  }
  std::vector<std::string_view> offered, there;
  for (const spec::Value& name : at->items) offered.push_back(name.string);
  for (const Target& target : targets()) there.push_back(target.name);
  CHECK(offered == there);
}

TEST_CASE("Formats have names and extensions of their own, and are found by name") {
  std::set<std::string_view> names, extensions;
  for (const Target& target : targets()) {
    names.insert(target.name);
    extensions.insert(target.extension);
    CHECK(target.extension.starts_with("."));
    REQUIRE(find_target(target.name) != nullptr);
    CHECK(find_target(target.name)->extension == target.extension);
  }
  CHECK(names.size() == targets().size());
  CHECK(extensions.size() == targets().size());
  CHECK(find_target("coreml") == nullptr);
  CHECK(find_target("") == nullptr);
}

TEST_CASE("Each format writes each precision that it has, and nothing else stays in the folder") {
  const Trained trained;
  for (const Target& target : targets())
    for (const Precision precision : {Precision::F32, Precision::Bf16, Precision::I8}) {
      INFO(target.name << " " << precision_name(precision));
      const Scratch scratch;
      if (!target.can_write(precision)) {
        CHECK_THROWS_WITH(trained.exported(target, precision, scratch.folder),
                          "--to: the target " + std::string(target.name) + " has no " +
                              std::string(precision_name(precision)));
        CHECK(scratch.names().empty());
        continue;
      }
      const fs::path folder = scratch.folder / "made" / "on the way";
      if (lacks_tools(target)) {
        CHECK_THROWS_AS(trained.exported(target, precision, folder), EnvironmentError);
        CHECK(scratch.names().empty());
        continue;
      }
      const Artefact made = trained.exported(target, precision, folder);
      CHECK(made.trouble.empty());
      const std::string infix = precision == Precision::F32
                                    ? ""
                                    : std::string(".") + std::string(precision_name(precision));
      CHECK(made.file == folder / ("model" + infix + std::string(target.extension)));
      std::uintmax_t bytes = fs::file_size(made.file);
      for (const fs::path& companion : made.companions) bytes += fs::file_size(companion);
      CHECK(made.bytes == bytes);
      if (!lacks_torch(made) && !lacks_node(made)) {
        CHECK(made.not_run.empty());
        CHECK(made.parity.images == trained.images.count);
      }
      std::ptrdiff_t files = 0;
      for (const auto& entry : fs::recursive_directory_iterator(folder))
        files += entry.is_regular_file() ? 1 : 0;
      CHECK(files == 1 + static_cast<std::ptrdiff_t>(target.companions.size()));
    }
}

TEST_CASE("A file that computes something else gets no name, and an older one of that name goes") {
  Trained trained;
  for (float& logit : trained.images.logits) logit = -logit;
  for (const Target& target : targets()) {
    INFO(target.name);
    if (lacks_tools(target)) continue;
    const Scratch scratch;
    spec::write_file_atomically(scratch.folder / ("model" + std::string(target.extension)), "old");
    for (const std::string_view companion : target.companions) {
      const fs::path file = scratch.folder / ("model" + std::string(companion));
      fs::create_directories(file.parent_path());
      spec::write_file_atomically(file, "old");
    }
    const Artefact made = trained.exported(target, Precision::F32, scratch.folder);
    if (lacks_torch(made)) continue;
    CHECK(made.trouble.starts_with("max error "));
    CHECK(scratch.names().empty());
  }
}

TEST_CASE("C that no compiler is there for is written, and says that it was not run") {
  const Trained trained;
  const Scratch scratch;
  const char* named = std::getenv("CC");
  const std::string before = named == nullptr ? "" : named;
  ::setenv("CC", "env cc", 1);  // of several words
  CHECK(trained.exported(*find_target("c"), Precision::F32, scratch.folder).not_run.empty());
  ::setenv("CC", "false", 1);
  CHECK(trained.exported(*find_target("c"), Precision::F32, scratch.folder).not_run ==
        "false compiles nothing");
  ::setenv("CC", "/no/such/compiler", 1);
  const Artefact made = trained.exported(*find_target("c"), Precision::F32, scratch.folder);
  before.empty() ? ::unsetenv("CC") : ::setenv("CC", before.c_str(), 1);
  CHECK(made.not_run == "no C compiler (/no/such/compiler)");
  CHECK(made.trouble.empty());
  CHECK(scratch.names() == std::set<std::string>{"model.c", "model.h"});
}

TEST_CASE("a model.py that no Python is there for is written, and says that it was not run") {
  const Trained trained;
  const Scratch scratch;
  const char* named = std::getenv("PYTHON");
  const std::string before = named == nullptr ? "" : named;
  const auto exported_with = [&](const std::string& python) {
    ::setenv("PYTHON", python.c_str(), 1);
    const Artefact made = trained.exported(*find_target("pytorch"), Precision::F32, scratch.folder);
    before.empty() ? ::unsetenv("PYTHON") : ::setenv("PYTHON", before.c_str(), 1);
    CHECK(made.trouble.empty());
    CHECK(scratch.names() == std::set<std::string>{"model.py", "model.safetensors"});
    return made.not_run;
  };
  CHECK(exported_with("/no/such/python") == "no /no/such/python");
  CHECK(exported_with("false") == "false has no torch");
}

TEST_CASE("A page that no Node is there for is written, and says that it was not run") {
  const Target& web = *find_target("web");
  if (lacks_tools(web)) return;
  Trained trained;
  const Scratch scratch;
  const char* named = std::getenv("NODE");
  const std::string before = named == nullptr ? "" : named;
  const auto exported_with = [&](const std::string& node) {
    ::setenv("NODE", node.c_str(), 1);
    Artefact made = trained.exported(web, Precision::F32, scratch.folder);
    before.empty() ? ::unsetenv("NODE") : ::setenv("NODE", before.c_str(), 1);
    return made;
  };
  const Artefact made = exported_with("/no/such/node");
  CHECK(made.not_run == "no /no/such/node");
  CHECK(made.parity.images == 0);
  CHECK(scratch.names() == std::set<std::string>{"model.html", "model.web"});
  CHECK(exported_with("false").not_run == "false runs nothing");
  // The model in the page is run all the same, by the engine here; what others put into the folder
  // stays.
  spec::write_file_atomically(scratch.folder / "model.web" / "mine.txt", "mine");
  for (float& logit : trained.images.logits) logit = -logit;
  CHECK(exported_with("/no/such/node").trouble.starts_with("max error "));
  CHECK(scratch.names() == std::set<std::string>{"model.web"});
  CHECK(std::distance(fs::directory_iterator(scratch.folder / "model.web"), {}) == 1);
}

TEST_CASE("C takes any name of a class and of a layer, and says where its names come from") {
  Trained trained;
  trained.model.metadata.class_names = {"a\"b", "*/ ?\?/", "caf\xc3\xa9\\", "two words"};
  trained.model.network.layers[1].name = "stages[*/].?\?/\\ conv";
  trained.model.network.name = "8-bit.net";
  trained.model.weights = test::random_weights(trained.model.network, 1);
  const Interpreter interpreter(trained.model.network, trained.model.weights);
  trained.images.logits.clear();
  for (std::int64_t n = 0; n < trained.images.count; ++n) {
    const std::vector<float> logits = interpreter.run(trained.images.image(n)).front();
    trained.images.logits.insert(trained.images.logits.end(), logits.begin(), logits.end());
  }
  const Scratch scratch;
  const Artefact made = trained.exported(*find_target("c"), Precision::F32, scratch.folder);
  CHECK(made.trouble.empty());
  CHECK(made.not_run.empty());
  const std::string header = spec::read_file(scratch.folder / "model.h");
  CHECK(header.find("void model_run(const uint8_t *pixels, float *outputs);") != std::string::npos);
  const std::string command =
      "cc -std=c99 -Wall -Wextra -Wpedantic -Werror -DMODEL_WITH_NAMES -c -o " +
      (scratch.folder / "model.o").string() + " " + (scratch.folder / "model.c").string();
  CHECK(std::system(command.c_str()) == 0);
}

TEST_CASE("A reference without logits is refused before anything is made") {
  Trained trained;
  trained.images.logits.clear();
  const Scratch scratch;
  CHECK_THROWS_WITH(trained.exported(targets().front(), Precision::F32, scratch.folder / "new"),
                    "reference.safetensors: /logits: the file must hold it");
  CHECK(scratch.names().empty());
}
