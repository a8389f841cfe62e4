// What weights say of their training, read and refused: the one reader of trainer and export.
#include "prototypes/language/trained_model.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <limits>

#include "design_specs/errors.hpp"

using namespace atto;
using namespace atto::net;
namespace fs = std::filesystem;

namespace {

const fs::path kWinner = ATTO_SOURCE_DIR "/tests/interop/winner";

/// A copy of a trained model with something changed in its weights' file.
class Changed {
 public:
  explicit Changed(const std::function<void(TensorFile&)>& change) {
    fs::copy(kWinner, folder_);
    TensorFile file = read_safetensors(folder_ / kWeightsName);
    change(file);
    write_safetensors(folder_ / kWeightsName, file);
  }
  ~Changed() { fs::remove_all(folder_); }
  Changed(const Changed&) = delete;
  Changed& operator=(const Changed&) = delete;

  TrainedModel read() const { return read_trained_model(folder_); }
  std::string refusal() const {
    try {
      read();
    } catch (const SpecError& error) {
      std::string text = error.what();
      return text.substr(text.find(kWeightsName));
    }
    return "accepted";
  }

 private:
  fs::path folder_ = fs::temp_directory_path() / ("atto_trained" + std::to_string(::getpid()));
};

std::string with(const std::string& key, const std::string& text) {
  return Changed([&](TensorFile& file) { file.metadata[key] = text; }).refusal();
}

std::string with_value(const std::string& tensor, float value) {
  return Changed([&](TensorFile& file) {
           std::memcpy(file.tensors.at(tensor).bytes.data() + 4, &value, 4);
         })
      .refusal();
}

std::string first_tensor(const std::string& ending) {
  for (const auto& [name, tensor] : read_safetensors(kWinner / kWeightsName).tensors)
    if (name.ends_with(ending)) return name;
  return "";
}

}  // namespace

TEST_CASE("metadata of weights is counted and bounded when it is read") {
  const TrainedModel model = read_trained_model(kWinner);
  REQUIRE(model.network.input.channels == static_cast<int>(model.metadata.mean.size()));
  REQUIRE(model.network.classes == static_cast<int>(model.metadata.class_names.size()));
  const std::string at = "weights.safetensors: /__metadata__/";
  CHECK(with("mean", "0.5 0.5 0.5 0.5 0.5").find(at + "mean: must have one for each of the ") == 0);
  for (const char* text : {"nan 0 0", "inf", "0.5,0.5", "0.5x", "1e30"})
    CHECK(with("mean", text).find(at + "mean: must be numbers in [-1e+06, 1e+06]") == 0);
  for (const char* text : {"0 0.1 0.1", "0", "-1", "nan", "1e-40"})
    CHECK(with("stddev", text).find(at + "stddev: must be numbers in [1e-06, 1e+06]") == 0);
  CHECK(with("stddev", "").find(at + "stddev: mean and stddev must be given together") == 0);
  CHECK(with("class_names", "a\nb").find(at + "class_names: must have one for each of the ") == 0);
  CHECK(with("class_names", "a\na\nb").find(at + "class_names: must be different names") == 0);
  CHECK(with("class_names", "a\n\nb").find(at + "class_names: must be different names") == 0);
  for (const char* key : {"height", "width", "channels", "classes"})
    for (const char* text : {"0", "-3", "3x", "99999999999999999999"})
      CHECK(with(key, text).find(at + key + ": must be a whole number above 0; got " + text) == 0);
}

TEST_CASE("weights without metadata are of the design as it is written") {
  const Changed bare([](TensorFile& file) { file.metadata.clear(); });
  const TrainedModel model = bare.read();
  CHECK_FALSE(model.metadata.input);
  CHECK(model.metadata.mean.empty());
  CHECK(model.metadata.class_names.empty());
  CHECK(model.metadata.data.name.empty());
}

TEST_CASE("weights with which nothing can be computed are refused by the tensor's name") {
  const std::string weight = first_tensor("weight"), variance = first_tensor("running_var");
  for (const float value : {std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN(), 3e38F, -3e38F}) {
    const std::string text = with_value(weight, value);
    INFO(text);
    CHECK(text.find("weights.safetensors: " + weight + ": must be numbers in ") == 0);
    CHECK(text.find(" at element 1") != std::string::npos);
  }
  CHECK(with_value(variance, -1).find("weights.safetensors: " + variance) == 0);
}

TEST_CASE("a digest of weights tells them apart, however they are stored") {
  const std::string digest = weights_digest(read_trained_model(kWinner).weights);
  CHECK(digest.size() == 16);
  const auto digest_with = [](const std::function<void(TensorFile&)>& change) {
    return weights_digest(Changed(change).read().weights);
  };
  CHECK(digest == digest_with([](TensorFile& file) {
          file.metadata["note"] = "x";
          file.tensors["stem.num_batches_tracked"] = {
              Tensor::Type::I64, {}, std::vector<std::uint8_t>(8)};
        }));
  CHECK(digest !=
        digest_with([](TensorFile& file) { file.tensors.begin()->second.bytes[0] ^= 1; }));
}
