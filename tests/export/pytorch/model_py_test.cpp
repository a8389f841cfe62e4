// The text of a model.py: what it names, what it refuses to be broken by; Python compiles it.
#include "export/pytorch/model_py.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "design_specs/files.hpp"
#include "export/pytorch/python_words.hpp"
#include "tests/export/pytorch/designs.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/prototypes/network/random_network.hpp"

using namespace atto;
using namespace atto::deploy::pytorch;
namespace fs = std::filesystem;

namespace {

struct Scratch {
  fs::path folder = fs::temp_directory_path() / ("atto_pytorch_" + std::to_string(::getpid()));
  Scratch() { fs::create_directories(folder); }
  ~Scratch() { fs::remove_all(folder); }

  void write(const std::string& name, const std::string& text) const {
    spec::write_file_atomically(folder / (name + ".py"), text);
  }
  int compile() const {
    return std::system(("python3 -m compileall -q -f '" + folder.string() + "'").c_str());
  }
};

/// A network of one stage for each of these, with a residual in it.
net::Network staged(const std::vector<std::string>& stages) {
  net::Network network{"staged", {3, 8, 8}, 4, {{"input", net::InputLayer{}, {}}}, {}};
  int last = 0;
  const auto add = [&](const std::string& name, const net::Op& op, std::vector<int> inputs) {
    network.layers.push_back({name, op, std::move(inputs)});
    last = static_cast<int>(network.layers.size()) - 1;
  };
  add("stem[0].conv", net::Conv{8, 3}, {0});
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const std::string module = "stages[" + std::to_string(s) + "].modules[0].";
    const int input = last;
    add(module + "chain[0].conv", net::Conv{8, 3}, {input});
    add(module + "chain[0].norm", net::BatchNorm{}, {last});
    add(module + "add", net::Add{}, {last, input});
  }
  add("head[0].pool", net::GlobalAveragePool{}, {last});
  add("head[1].dense", net::Dense{}, {last});
  network.outputs = {{"logits", last}};
  network.stages = stages;
  return network;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE(
    "Python compiles the model.py of every shipped prototype's designs and of random networks") {
  const Scratch scratch;
  for (const std::string& name : test::shipped_names())
    for (std::uint64_t seed = 0; seed < 5; ++seed)
      scratch.write(name + std::to_string(seed), model_py(test::drawn_design(name, seed)));
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    scratch.write("feature" + std::to_string(seed), model_py(test::drawn_design("", seed)));
  for (std::uint64_t seed = 0; seed < 200; ++seed)
    scratch.write("random" + std::to_string(seed), model_py(net::random_network(seed)));
  CHECK(scratch.compile() == 0);
}

TEST_CASE("every tensor has a name of its own, that a state_dict can have") {
  const auto check = [](const net::Network& network) {
    const auto names = state_names(network);
    CHECK(names.size() == net::weight_specs(network).size());
    std::set<std::string> different;
    for (const auto& [ours, name] : names) {
      CHECK(name.find_first_not_of(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") ==
            std::string::npos);
      CHECK_FALSE(contains("." + name + ".", ".modules."));
      different.insert(name);
    }
    CHECK(different.size() == names.size());
  };
  for (const std::string& name : test::shipped_names()) check(test::drawn_design(name, 1));
  for (std::uint64_t seed = 0; seed < 20; ++seed) check(test::drawn_design("", seed));
  for (std::uint64_t seed = 0; seed < 50; ++seed) check(net::random_network(seed));
}

TEST_CASE("a module's weights are named after its stage, and chains are counted") {
  const auto names = state_names(staged({"stage1", "late"}));
  CHECK(names.at("stem[0].conv.weight") == "stem.weight");
  CHECK(names.at("stages[0].modules[0].chain[0].conv.weight") == "stage1.0.chain.0.weight");
  CHECK(names.at("stages[1].modules[0].chain[0].norm.running_var") == "late.0.chain.1.running_var");
  CHECK(names.at("head[1].dense.bias") == "classifier.bias");
}

TEST_CASE("a stage that Python cannot call so is called by its number") {
  const std::vector<std::string> stages = {
      "1x",   "class", "forward", "modules",    "a b",  "stage\n", "caf\xc3\xa9", "twice", "twice",
      "stem", "x",     "_hidden", "classifier", "pool", ""};
  const net::Network network = staged(stages);
  const auto names = state_names(network);
  const auto stage = [&](int s) {
    const std::string name =
        names.at("stages[" + std::to_string(s) + "].modules[0].chain[0].conv.weight");
    return name.substr(0, name.find('.'));
  };
  for (const int s : {0, 1, 2, 3, 4, 5, 6, 10, 11, 14})
    CHECK(stage(s) == "stage" + std::to_string(s + 1));
  CHECK(stage(7) == "twice");
  CHECK(stage(8) == "twice_2");
  CHECK(names.at("stem[0].conv.weight") == "stem_2.weight");
  CHECK(stage(12) == "classifier_2");
  const Scratch scratch;
  scratch.write("model", model_py(network));
  CHECK(scratch.compile() == 0);
}

TEST_CASE("texts of people end up in the file as they are, whatever is in them") {
  net::TrainingMetadata metadata;
  metadata.class_names = {"a\"b",          "\"\"\"", "two\nlines\r", "caf\xc3\xa9 \xf0\x9f\x98\x80",
                          "back\\slash\\", "{0}",    "\xff",         "'",
                          "\x01",          "@NET@"};
  net::Network network = staged({"s"});
  network.name = "\"\"\"\nimport os\\";
  const std::map<std::string, std::string> texts = {{"class_names", "a\"b\n\"\"\"\ncaf\xc3\xa9"},
                                                    {"dataset", "C:\\data\\x\n\"\"\""}};
  const std::string text = model_py(network, metadata, texts);
  CHECK(contains(text,
                 R"("a\"b", "\"\"\"", "two\nlines\x0d", "caf\xe9 \U0001f600", "back\\slash\\")"));
  CHECK(std::all_of(text.begin(), text.end(),
                    [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  CHECK(contains(text, "class ImportOs(nn.Module):"));
  const Scratch scratch;
  scratch.write("model", text);
  for (const char* name :
       {"", "8-bit", "class", "Conv", "Path", "None", "\xc3\xa9t\xc3\xa9", "torch"}) {
    network.name = name;
    scratch.write("model" + std::to_string(reinterpret_cast<std::uintptr_t>(name)),
                  model_py(network));
  }
  CHECK(scratch.compile() == 0);
}

TEST_CASE("modules of the same text are one class, and helpers stand where they are used") {
  const std::string text = model_py(staged({"first", "second"}));
  CHECK(contains(text, "class FirstModule0(nn.Module):\n    \"\"\"first.0, second.0\"\"\"\n"));
  CHECK_FALSE(contains(text, "class SecondModule0"));
  CHECK(contains(text, "class Conv("));
  CHECK_FALSE(contains(text, "class SqueezeExcite"));
  CHECK(contains(text, "        return self.chain(x) + x  # 8 x 8 x 8\n"));
  CHECK(contains(text, "    num_features = 8\n"));
}
