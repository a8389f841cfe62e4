#include "trainer/cli/trained_network.hpp"

#include <cmath>
#include <sstream>

#include "design_specs/errors.hpp"
#include "prototypes/language/prototype.hpp"
#include "trainer/torch/training_run.hpp"

namespace atto::cli {
namespace {

namespace fs = std::filesystem;

std::string metadata_of(const net::TensorFile& file, const std::string& key) {
  const auto found = file.metadata.find(key);
  return found == file.metadata.end() ? "" : found->second;
}

/// Reads "0.1 0.2 0.3"; absent = what `values` holds.
void read_numbers(const fs::path& file, const std::string& key, const std::string& text, int count,
                  std::array<float, 4>& values) {
  if (text.empty()) return;
  std::istringstream in(text);
  for (int c = 0; c < count; ++c)
    if (!(in >> values[static_cast<std::size_t>(c)]) ||
        !std::isfinite(values[static_cast<std::size_t>(c)]) ||
        (key == "stddev" && values[static_cast<std::size_t>(c)] <= 0))
      throw SpecError({{file.string(), "/__metadata__/" + key,
                        "must be " + std::to_string(count) + " numbers", text}});
}

int resolution_of(const fs::path& file, const std::string& text) {
  if (text.empty()) return 0;
  std::istringstream in(text);
  int pixels = 0;
  if (!(in >> pixels) || pixels < 1)
    throw SpecError({{file.string(), "/__metadata__/height", "must be a number of pixels", text}});
  return pixels;
}

/// The weights of a person's `path`: a file, a folder with weights, or a campaign's, whose winner
/// is meant.
fs::path weights_file_of(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return path;
  const fs::path own = path / train::kWeightsName, winner = path / "winner" / train::kWeightsName;
  return !fs::exists(own, ignored) && fs::exists(winner, ignored) ? winner : own;
}

}  // namespace

TrainedNetwork read_trained(const TrainedSource& source, train::Dataset& data) {
  TrainedNetwork result;
  result.weights_file = weights_file_of(source.path);
  const net::TensorFile file = net::read_safetensors(result.weights_file);
  const fs::path design =
      source.design.empty() ? result.weights_file.parent_path() / "design.json" : source.design;
  const std::string dataset = source.data.empty() ? metadata_of(file, "dataset") : source.data;
  if (dataset.empty())
    throw SpecError({{result.weights_file.string(), "", "names no data set; give --data", ""}});
  const int resolution = resolution_of(result.weights_file, metadata_of(file, "height"));
  const train::DatasetInfo info =
      train::describe_dataset(dataset, resolution > 0 ? std::optional(resolution) : std::nullopt);
  result.network = net::read_design(design, net::TaskInput{info.input(), info.classes},
                                    net::FirstOutput::Scores);
  net::check_weights(result.network, file, result.weights_file.string());
  const train::ParameterLayout layout(result.network);
  result.trained.weights.resize(layout.trained);
  result.trained.statistics.resize(layout.statistics);
  train::from_tensors(layout, file, result.trained.weights, result.trained.statistics);
  data = train::load_dataset(info);
  read_numbers(result.weights_file, "mean", metadata_of(file, "mean"), info.channels,
               data.normalisation.mean);
  read_numbers(result.weights_file, "stddev", metadata_of(file, "stddev"), info.channels,
               data.normalisation.stddev);
  result.normalisation = data.normalisation;
  return result;
}

}  // namespace atto::cli
