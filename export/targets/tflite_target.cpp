// TensorFlow Lite files, run by our own executor.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "design_specs/files.hpp"
#include "export/targets/targets.hpp"
#include "export/tflite/executor.hpp"
#include "export/tflite/model_file.hpp"
#include "export/tflite/network_graph.hpp"
#include "export/tflite/prepared_network.hpp"

namespace atto::deploy {
namespace {

constexpr std::string_view kCompanions[] = {".labels.txt"};

bool can_write(Precision precision) {
  return precision != Precision::Bf16;  // no runtime of theirs computes in it
}

Int8Model quantise_for_tflite(const TrainedModel& model, const ImageSet& calibration) {
  Int8Model result{tflite::prepared_network(model.network, model.weights), {}};
  result.quantisation = tflite::quantise_prepared(result.network, calibration.inputs);
  return result;
}

/// What a person has to know who opens the file.
std::string description_of(const net::TrainingMetadata& metadata) {
  std::string text = "Made by AttoForge. Input: rows, columns, channels; ";
  if (metadata.mean.empty())
    text += "as the network was trained on.";
  else
    text += fmt::format("(pixel / 255 - mean) / stddev, mean [{}], stddev [{}].",
                        fmt::join(metadata.mean, ", "), fmt::join(metadata.stddev, ", "));
  return text + " Output: a score for each line of the labels file.";
}

/// A line for each class, as Android's examples read them.
std::string labels_of(const net::TrainedModel& model) {
  std::string text;
  for (int c = 0; c < model.network.classes; ++c) {
    const std::vector<std::string>& names = model.metadata.class_names;
    text += names.empty() ? std::to_string(c) : names[static_cast<std::size_t>(c)];
    text += '\n';
  }
  return text;
}

void write(const ExportSource& source, const std::filesystem::path& file) {
  const std::string description = description_of(source.model.metadata);
  const tflite::Io io = source.has_float_io ? tflite::Io::Float : tflite::Io::Int8;
  tflite::write_model(
      file,
      source.precision == Precision::I8
          ? tflite::network_graph(source.int8->network, &source.int8->quantisation, io, description)
          : tflite::network_graph(
                tflite::prepared_network(source.model.network, source.model.weights), nullptr, io,
                description));
  spec::write_file_atomically(std::filesystem::path(file).replace_extension(kCompanions[0]),
                              labels_of(source.model));
}

/// [channels][height][width] -> [height][width][channels].
std::vector<float> channels_last(std::span<const float> image, const net::Shape& shape) {
  const auto channels = static_cast<std::size_t>(shape.channels);
  const std::size_t plane = image.size() / channels;
  std::vector<float> turned(image.size());
  for (std::size_t i = 0; i < image.size(); ++i)
    turned[i % plane * channels + i / plane] = image[i];
  return turned;
}

Ran run(const ExportSource& /*source*/, const std::filesystem::path& file, const ImageSet& images) {
  const tflite::Graph graph = tflite::read_model(file);
  const tflite::Executor executor(graph);
  std::vector<float> logits;
  for (std::int64_t n = 0; n < images.count; ++n) {
    const std::vector<float> made =
        executor.run(channels_last(images.image(n), images.shape)).front();
    logits.insert(logits.end(), made.begin(), made.end());
  }
  return {std::move(logits), "our TensorFlow Lite executor"};
}

}  // namespace

extern const Target kTfliteTarget;
const Target kTfliteTarget = {.name = "tflite",
                              .extension = ".tflite",
                              .companions = kCompanions,
                              .can_write = can_write,
                              .can_write_detector = nullptr,
                              .require_tools = nullptr,
                              .quantise = quantise_for_tflite,
                              .write = write,
                              .run = run,
                              .has_io_kinds = true};

}  // namespace atto::deploy
