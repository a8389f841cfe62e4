#include "trainer/training/trained_files.hpp"

#include <fmt/format.h>

#include <cstring>

#include "design_specs/reading/text_checks.hpp"
#include "prototypes/language/trained_model.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/training/checkpoint.hpp"

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
                   const Dataset& data, const Task& task, const TrainedWeights& trained) {
  net::TensorFile contents = to_tensors(task.layout(), trained.weights, trained.statistics);
  contents.metadata = task.metadata();
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

Maps run_by_torch(const net::Network& network, const Dataset& data,
                  std::span<const std::int32_t> images, const ParameterLayout& layout,
                  const TrainedWeights& trained, const std::vector<int>& outputs,
                  net::TensorFile& inputs) {
  const auto count = static_cast<std::int64_t>(images.size());
  const std::int64_t plane = std::int64_t{data.info.height} * data.info.width,
                     channels = data.info.channels;
  Maps all(outputs.size());
  std::vector<float> planar;
  const auto backend = make_torch_backend(network, layout, {Device::Cpu, 1, kBatch, outputs});
  for (std::size_t first = 0; first < images.size(); first += kBatch) {
    const auto part = images.subspan(first, std::min<std::size_t>(kBatch, images.size() - first));
    std::vector<float> pixels(part.size() * static_cast<std::size_t>(data.image_bytes()));
    write_batch(data, part, {}, 0, 0, 1, pixels.data());
    const Maps maps = backend->infer(trained.weights.data(), trained.statistics.data(),
                                     {pixels.data(), static_cast<int>(part.size())});
    for (std::size_t i = 0; i < maps.size(); ++i)
      all[i].insert(all[i].end(), maps[i].begin(), maps[i].end());
    for (std::size_t image = 0; image < part.size(); ++image)
      for (std::int64_t c = 0; c < channels; ++c)
        for (std::int64_t p = 0; p < plane; ++p)
          planar.push_back(pixels[static_cast<std::size_t>(
              (static_cast<std::int64_t>(image) * plane + p) * channels + c)]);
  }
  inputs.tensors["inputs"] =
      float_tensor(planar, {count, channels, data.info.height, data.info.width});
  return all;
}

void write_reference(const std::filesystem::path& file, const Dataset& data,
                     const ParameterLayout& layout, const TrainedWeights& trained,
                     net::TensorFile contents) {
  describe(data, contents.metadata);
  contents.metadata["weights_digest"] =
      net::weights_digest(to_tensors(layout, trained.weights, trained.statistics));
  net::write_safetensors(file, contents);
}

}  // namespace atto::train
