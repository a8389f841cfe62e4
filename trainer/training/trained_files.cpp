// The files that a trained network is: its weights, and reference results for whoever runs it
// elsewhere.
#include <fmt/format.h>

#include <cstring>

#include "design_specs/reading/text_checks.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/training/training_run.hpp"

namespace atto::train {
namespace {

constexpr std::size_t kReferenceImages = 64;
constexpr int kBatch = 64;

/// Numbers as "0.1 0.2 0.3".
std::string numbers(const std::array<float, 4>& values, int count) {
  std::string text;
  for (int c = 0; c < count; ++c)
    text += fmt::format("{}{:.9g}", c ? " " : "", values[static_cast<std::size_t>(c)]);
  return text;
}

void describe(const Dataset& data, std::map<std::string, std::string>& metadata) {
  const int channels = data.info.channels;
  metadata["dataset"] = data.info.name;
  const std::string place = data.info.folder.string();
  if (spec::is_utf8(place)) metadata["dataset_place"] = place;
  metadata["dataset_digest"] = data.info.digest;
  metadata["channels"] = std::to_string(channels);
  metadata["height"] = std::to_string(data.info.height);
  metadata["width"] = std::to_string(data.info.width);
  metadata["classes"] = std::to_string(data.info.classes);
  metadata["mean"] = numbers(data.normalisation.mean, channels);
  metadata["stddev"] = numbers(data.normalisation.stddev, channels);
  metadata["normalisation"] = "(pixel / 255 - mean) / stddev";
  metadata["layout"] = "NCHW";
  std::string names;
  for (const std::string& name : data.class_names) names += (names.empty() ? "" : "\n") + name;
  metadata["class_names"] = names;
}

}  // namespace

void write_weights(const std::filesystem::path& file, const TrialRequest& request,
                   const Dataset& data, const ParameterLayout& layout,
                   const TrainedWeights& trained) {
  net::TensorFile contents = to_tensors(layout, trained.weights, trained.statistics);
  describe(data, contents.metadata);
  contents.metadata["format"] = "pt";  // what Python's loaders expect
  contents.metadata["network"] = request.network.name;
  contents.metadata["design_hash"] = request.design_hash;
  contents.metadata["seed"] = std::to_string(request.seed);
  contents.metadata["epochs"] = std::to_string(request.to_epoch);
  contents.metadata["training"] = identity_text(request);
  net::write_safetensors(file, contents);
}

std::span<const std::int32_t> reference_images(const Dataset& data) {
  const std::span<const std::int32_t> all = data.test.empty() ? data.validation : data.test;
  return all.first(std::min(kReferenceImages, all.size()));
}

void write_reference(const std::filesystem::path& file, const net::Network& network,
                     const Dataset& data, std::span<const std::int32_t> images,
                     const ParameterLayout& layout, const TrainedWeights& trained) {
  const auto count = static_cast<std::int64_t>(images.size());
  const std::int64_t plane = std::int64_t{data.info.height} * data.info.width,
                     channels = data.info.channels;
  std::vector<float> pixels(images.size() * static_cast<std::size_t>(data.image_bytes()));
  write_batch(data, images, {}, 0, 0, 1, pixels.data());
  std::vector<float> logits;
  const auto backend = make_torch_backend(network, layout, {Device::Cpu, 1, kBatch});
  for (std::size_t first = 0; first < images.size(); first += kBatch) {
    const Batch batch{pixels.data() + first * static_cast<std::size_t>(data.image_bytes()),
                      static_cast<int>(std::min<std::size_t>(kBatch, images.size() - first))};
    const Maps maps = backend->infer(trained.weights.data(), trained.statistics.data(), batch);
    logits.insert(logits.end(), maps.at(0).begin(), maps.at(0).end());
  }
  std::vector<float> planar(pixels.size());
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t p = 0; p < plane; ++p)
      for (std::int64_t c = 0; c < channels; ++c)
        planar[static_cast<std::size_t>((i * channels + c) * plane + p)] =
            pixels[static_cast<std::size_t>((i * plane + p) * channels + c)];
  net::TensorFile contents;
  contents.tensors["inputs"] =
      float_tensor(planar, {count, channels, data.info.height, data.info.width});
  contents.tensors["logits"] = float_tensor(logits, {count, network.classes});
  net::Tensor labels{net::Tensor::Type::I64, {count}, {}};
  for (std::int32_t image : images) {
    const std::int64_t label = data.images.labels[static_cast<std::size_t>(image)];
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&label);
    labels.bytes.insert(labels.bytes.end(), bytes, bytes + sizeof(label));
  }
  if (data.info.classes == network.classes) contents.tensors["labels"] = std::move(labels);
  describe(data, contents.metadata);
  contents.metadata["weights_digest"] =
      net::weights_digest(to_tensors(layout, trained.weights, trained.statistics));
  net::write_safetensors(file, contents);
}

}  // namespace atto::train
