// Weights come back from PyTorch under the names of their design, or not at all.
#include "export/pytorch/weights_import.hpp"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <limits>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/pytorch/model_py.hpp"

using namespace atto;
using namespace atto::deploy::pytorch;
namespace fs = std::filesystem;

namespace {

const fs::path kWinner = ATTO_SOURCE_DIR "/tests/interop/winner";

/// A trained model, and files of it as Python may hand them back.
struct Tuned {
  fs::path folder = fs::temp_directory_path() / ("atto_import_" + std::to_string(::getpid()));
  fs::path file = folder / "tuned.safetensors", design = kWinner / "design.json";
  net::TrainedModel model = net::read_trained_model(kWinner);
  net::TensorFile state = state_dict(model.network, model.weights);

  Tuned() { fs::create_directories(folder); }
  ~Tuned() { fs::remove_all(folder); }

  net::TrainedModel imported(const net::TensorFile& contents) const {
    net::write_safetensors(file, contents);
    return import_weights(file, design);
  }
  std::string refusal(const net::TensorFile& contents) const {
    try {
      (void)imported(contents);
    } catch (const SpecError& error) {
      return error.what();
    }
    return "";
  }
};

net::TensorFile prefixed(const net::TensorFile& state, const std::string& prefix) {
  net::TensorFile made;
  made.metadata = state.metadata;
  for (const auto& [name, tensor] : state.tensors) made.tensors[prefix + name] = tensor;
  return made;
}

bool has_same_bytes(const net::TensorFile& a, const net::TensorFile& b) {
  return a.tensors.size() == b.tensors.size() &&
         std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(),
                    [](const auto& x, const auto& y) {
                      return x.first == y.first && x.second.shape == y.second.shape &&
                             x.second.bytes == y.second.bytes;
                    });
}

bool tells(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

net::Tensor narrowed(const net::Tensor& tensor) {
  net::Tensor narrow{net::Tensor::Type::BF16, tensor.shape, {}};
  for (std::size_t at = 0; at < tensor.bytes.size(); at += 4)
    narrow.bytes.insert(narrow.bytes.end(), {tensor.bytes[at + 2], tensor.bytes[at + 3]});
  return narrow;
}

}  // namespace

TEST_CASE("weights come back the same, whatever wrapped the network") {
  const Tuned tuned;
  for (const char* prefix :
       {"", "module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."}) {
    CAPTURE(prefix);
    CHECK(
        has_same_bytes(tuned.imported(prefixed(tuned.state, prefix)).weights, tuned.model.weights));
    CHECK(has_same_bytes(tuned.imported(prefixed(tuned.model.weights, prefix)).weights,
                         tuned.model.weights));
  }
}

TEST_CASE("what Python adds is passed over, and halves are widened") {
  const Tuned tuned;
  net::TensorFile state = tuned.state;
  const auto norm = std::find_if(state.tensors.begin(), state.tensors.end(), [](const auto& entry) {
    return entry.first.ends_with(".running_mean");
  });
  const std::string stem = norm->first.substr(0, norm->first.size() - 12);
  state.tensors[stem + "num_batches_tracked"] = {
      net::Tensor::Type::I64, {}, {7, 0, 0, 0, 0, 0, 0, 0}};
  for (auto& [name, tensor] : state.tensors)
    if (tensor.type == net::Tensor::Type::F32) tensor = narrowed(tensor);
  const net::TrainedModel model = tuned.imported(state);
  CHECK(model.weights.tensors.size() == tuned.model.weights.tensors.size());
  for (const auto& [name, tensor] : model.weights.tensors) {
    CHECK(tensor.type == net::Tensor::Type::F32);
    CHECK(tensor.bytes.size() == tuned.model.weights.tensors.at(name).bytes.size());
  }
}

TEST_CASE("all that does not fit is named at once, as the file names it") {
  const Tuned tuned;
  net::TensorFile state = prefixed(tuned.state, "module.");
  net::Tensor& dense = state.tensors.at("module.classifier.weight");
  std::swap(dense.shape[0], dense.shape[1]);
  state.tensors["module.extra"] = {net::Tensor::Type::F32, {1}, {0, 0, 0, 0}};
  const std::string gone = state.tensors.begin()->first;
  const bool is_dense = tells(gone, "classifier");
  state.tensors.erase(is_dense ? "module.stem.0.weight" : gone);
  const std::string told = tuned.refusal(state);
  INFO(told);
  CHECK(tells(told, "module.classifier.weight: must have the shape [10, "));
  CHECK(tells(told, "module.extra: unknown tensor"));
  CHECK(tells(told, "stem.0.weight: missing tensor of shape [16, 1, 3, 3]"));
  CHECK(tuned.refusal({}).find("missing tensor") != std::string::npos);

  net::TensorFile twice = tuned.state;
  twice.tensors["module.classifier.bias"] = twice.tensors.at("classifier.bias");
  CHECK(tells(tuned.refusal(twice),
              "module.classifier.bias: must be there once; so is classifier.bias"));

  net::TensorFile broken = tuned.state;
  const float nothing = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(broken.tensors.at("classifier.bias").bytes.data(), &nothing, sizeof nothing);
  CHECK(tells(tuned.refusal(broken), "must be numbers in"));
}

TEST_CASE("a classifier of another width says how many classes there are") {
  const Tuned tuned;
  net::TensorFile state = tuned.state;
  for (const char* name : {"classifier.weight", "classifier.bias"}) {
    net::Tensor& tensor = state.tensors.at(name);
    tensor.bytes.resize(tensor.bytes.size() / 10 * 3);
    tensor.shape[0] = 3;
  }
  SECTION("where the file says nothing, the rest is taken from the weights beside the design") {
    state.metadata.clear();
    const net::TrainedModel model = tuned.imported(state);
    CHECK(model.network.classes == 3);
    CHECK(model.metadata.mean == tuned.model.metadata.mean);
    CHECK(model.metadata.class_names.empty());
  }
  SECTION("what the file says must fit") {
    CHECK(tells(tuned.refusal(state), "must have the shape [10, "));
  }
  SECTION("of the same width, names come back too") {
    net::TensorFile same = tuned.state;
    same.metadata.clear();
    CHECK(tuned.imported(same).metadata.class_names == tuned.model.metadata.class_names);
  }
}

TEST_CASE("a pickle is refused with the line that converts it") {
  const Tuned tuned;
  for (const char* start : {"PK\x03\x04zip", "\x80\x02}q"}) {
    const fs::path file = tuned.folder / "net.pt";
    spec::write_file_atomically(file, start);
    try {
      (void)import_weights(file, tuned.design);
      FAIL("read");
    } catch (const SpecError& error) {
      CHECK(tells(error.what(), "net.pt: is a pickle"));
      CHECK(tells(error.what(),
                  "model.save(torch.load('net.pt', map_location='cpu'), "
                  "'weights.safetensors')"));
    }
  }
}

TEST_CASE("the folder that is made is one of a trained model, and takes no other's place") {
  const Tuned tuned;
  const net::TrainedModel model = tuned.imported(tuned.state);
  const fs::path out = tuned.folder / "new" / "tuned";
  write_trained_model(model, out);
  const net::TrainedModel again = net::read_trained_model(out);
  CHECK(has_same_bytes(again.weights, tuned.model.weights));
  CHECK(net::weights_digest(again.weights) == net::weights_digest(tuned.model.weights));
  CHECK(again.metadata.class_names == tuned.model.metadata.class_names);
  CHECK(spec::read_file(out / "design.json") == spec::read_file(tuned.design));
  CHECK_THROWS_AS(write_trained_model(model, out), SpecError);
}
