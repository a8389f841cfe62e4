// Writes model.py, its weights and our interpreter's logits for a few networks, a folder each.
#include <fmt/format.h>

#include <cstring>

#include "design_specs/files.hpp"
#include "export/pytorch/model_py.hpp"
#include "export/reference/interpreter.hpp"
#include "tests/export/pytorch/designs.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/prototypes/network/random_network.hpp"

using namespace atto;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kImages = 3;

net::Tensor tensor_of(const std::vector<float>& values, std::vector<std::int64_t> shape) {
  net::Tensor tensor{net::Tensor::Type::F32, std::move(shape), {}};
  tensor.bytes.resize(values.size() * sizeof(float));
  std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

void write(const fs::path& folder, const net::Network& network) {
  fs::create_directories(folder);
  const net::TensorFile weights = test::random_weights(network, 1);
  spec::write_file_atomically(folder / "model.py", deploy::pytorch::model_py(network));
  net::write_safetensors(folder / "model.safetensors",
                         deploy::pytorch::state_dict(network, weights));
  const deploy::Interpreter interpreter(network, weights);
  std::vector<float> inputs;
  std::vector<std::vector<float>> outputs(network.outputs.size());
  for (std::uint64_t n = 0; n < kImages; ++n) {
    const std::vector<float> image = test::random_image(network.input, n);
    inputs.insert(inputs.end(), image.begin(), image.end());
    const auto made = interpreter.run(image);
    for (std::size_t o = 0; o < made.size(); ++o)
      outputs[o].insert(outputs[o].end(), made[o].begin(), made[o].end());
  }
  const auto count = static_cast<std::int64_t>(kImages);
  const net::Shape& in = network.input;
  net::TensorFile reference;
  reference.tensors["inputs"] = tensor_of(inputs, {count, in.channels, in.height, in.width});
  reference.tensors["logits"] = tensor_of(outputs[0], {count, network.classes});
  for (std::size_t o = 1; o < outputs.size(); ++o)
    reference.tensors[fmt::format("output{}", o)] =
        tensor_of(outputs[o], {count, static_cast<std::int64_t>(outputs[o].size()) / count});
  net::write_safetensors(folder / "reference.safetensors", reference);
}

/// A trained model, with LibTorch's own logits.
void write_winner(const fs::path& folder) {
  const fs::path from = ATTO_SOURCE_DIR "/tests/interop/winner";
  fs::create_directories(folder);
  fs::copy(from, folder);
  const net::TrainedModel model = net::read_trained_model(from);
  spec::write_file_atomically(
      folder / "model.py",
      deploy::pytorch::model_py(model.network, model.metadata, model.weights.metadata));
  net::write_safetensors(folder / "model.safetensors",
                         deploy::pytorch::state_dict(model.network, model.weights));
}

}  // namespace

int main(int /*argc*/, char** argv) {
  const fs::path folder = argv[1];
  fs::remove_all(folder);
  const std::pair<const char*, int> shipped[] = {
      {"attonet_28", 0},       {"ghostnet", 32},   {"mobilenet_v3_small", 32}, {"resnet14_32", 0},
      {"shufflenet_v2_32", 0}, {"squeezenet", 32}, {"tabular_16", 0},          {"unet_32", 0}};
  for (const auto& [name, side] : shipped) write(folder / name, test::drawn_design(name, 1, side));
  write_winner(folder / "winner");
  for (std::uint64_t seed = 0; seed < 8; ++seed)
    write(folder / fmt::format("feature_{}", seed), test::drawn_design("", seed));
  for (std::uint64_t seed = 0; seed < 25; ++seed)
    write(folder / fmt::format("random_{}", seed), net::random_network(seed));
}
