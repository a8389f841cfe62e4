#include "prototypes/language/trained_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <set>
#include <system_error>

#include "design_specs/errors.hpp"
#include "design_specs/reading/json_file.hpp"
#include "design_specs/seeds/random.hpp"

namespace atto::net {
namespace {

namespace fs = std::filesystem;

/// Far beyond what any training leaves, and two of them still multiply in double precision.
constexpr float kLargestWeight = 1e30F;
/// Pixels lie in [0, 1]; beyond these, normalised ones leave what a float keeps apart.
constexpr double kLargestMean = 1e6, kSmallestDeviation = 1e-6, kLargestDeviation = 1e6;

fs::path find_weights(const fs::path& source) {
  std::error_code ignored;
  if (!fs::is_directory(source, ignored)) return source;
  for (const fs::path& folder : {source, source / "winner"})
    if (fs::exists(folder / kWeightsName, ignored)) return folder / kWeightsName;
  throw SpecError({{source.string(), "",
                    std::string("must hold ") + kWeightsName + ", or winner/ with it", ""}});
}

/// Reads the metadata's texts, and collects what is wrong with them.
class MetadataReader {
 public:
  MetadataReader(const TensorFile& weights, const fs::path& file)
      : texts_(weights.metadata), file_(file.string()) {}

  TrainingMetadata read() {
    TrainingMetadata metadata;
    const auto channels = whole("channels"), height = whole("height"), width = whole("width"),
               classes = whole("classes");
    if (channels && height && width && classes)
      metadata.input = TaskInput{{*channels, *height, *width}, *classes};
    metadata.mean = numbers("mean", -kLargestMean, kLargestMean);
    metadata.stddev = numbers("stddev", kSmallestDeviation, kLargestDeviation);
    metadata.class_names = names("class_names");
    metadata.data = {text("dataset"), text("dataset_place"), text("dataset_digest"),
                     classes.value_or(0)};
    throw_if_any();
    if (const std::string settings = text(kDetectorKey); !settings.empty())
      metadata.detector =
          spec::read_settings_text(settings, file_ + ": /__metadata__/" + kDetectorKey);
    return metadata;
  }

  /// Counts against the network that the design beside the weights is.
  void compare(const TrainingMetadata& metadata, const TrainedModel& model) {
    const Network& network = model.network;
    const auto count = [&](const char* key, std::size_t found, int wanted, const char* what) {
      if (found != 0 && found != static_cast<std::size_t>(wanted))
        refuse(key, fmt::format("must have one for each of the {} {}", wanted, what),
               std::to_string(found));
    };
    count("mean", metadata.mean.size(), network.input.channels, "channels");
    count("stddev", metadata.stddev.size(), network.input.channels, "channels");
    if (metadata.mean.empty() != metadata.stddev.empty())
      refuse(metadata.mean.empty() ? "mean" : "stddev", "mean and stddev must be given together",
             "");
    count("class_names", metadata.class_names.size(), network.classes, "classes");
    if (model.detector) {
      const spec::AnchorSettings& anchors = model.detector->settings.anchors;
      if (anchors.sizes.size() != network.outputs.size())
        refuse(kDetectorKey, fmt::format("must state anchors of {} levels", network.outputs.size()),
               std::to_string(anchors.sizes.size()));
    }
    throw_if_any();
  }

 private:
  std::string text(const char* key) const {
    const auto found = texts_.find(key);
    return found == texts_.end() ? "" : found->second;
  }

  std::optional<int> whole(const char* key) {
    const std::string text = this->text(key);
    if (text.empty()) return std::nullopt;
    int value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end.ec == std::errc() && end.ptr == text.data() + text.size() && value > 0) return value;
    refuse(key, "must be a whole number above 0", text);
    return std::nullopt;
  }

  /// Reads "0.1 0.2 0.3".
  std::vector<float> numbers(const char* key, double lowest, double highest) {
    const std::string text = this->text(key);
    std::vector<float> values;
    for (std::size_t at = 0; (at = text.find_first_not_of(' ', at)) != std::string::npos;) {
      const std::size_t end = std::min(text.find(' ', at), text.size());
      float value = 0;
      const auto read = std::from_chars(text.data() + at, text.data() + end, value);
      if (read.ec != std::errc() || read.ptr != text.data() + end ||
          !(value >= lowest && value <= highest)) {
        refuse(key,
               fmt::format("must be numbers in [{:g}, {:g}], a space between", lowest, highest),
               text);
        return {};
      }
      values.push_back(value);
      at = end;
    }
    return values;
  }

  /// Reads names, one a line.
  std::vector<std::string> names(const char* key) {
    std::string rest = text(key);
    std::vector<std::string> names;
    std::set<std::string> known;
    while (!rest.empty()) {
      names.push_back(rest.substr(0, rest.find('\n')));
      rest.erase(0, names.back().size() + 1);
      if (names.back().empty() || !known.insert(names.back()).second) {
        refuse(key, "must be different names, one a line", fmt::format("\"{}\"", names.back()));
        return {};
      }
    }
    return names;
  }

  void refuse(const char* key, const std::string& rule, const std::string& value) {
    problems_.push_back({file_, std::string("/__metadata__/") + key, rule, value});
  }
  void throw_if_any() {
    if (!problems_.empty()) throw SpecError(std::move(problems_));
  }

  const std::map<std::string, std::string>& texts_;
  const std::string file_;
  std::vector<Problem> problems_;
};

/// Throws SpecError for values with which nothing can be computed.
void check_values(const TensorFile& weights, const std::string& file) {
  std::vector<Problem> problems;
  for (const auto& [name, tensor] : weights.tensors) {
    std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
    if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    const float lowest = name.ends_with(".running_var") ? 0 : -kLargestWeight;
    const auto bad = std::find_if(values.begin(), values.end(), [&](float value) {
      return !(value >= lowest && value <= kLargestWeight);
    });
    if (bad == values.end()) continue;
    problems.push_back({file, name,
                        fmt::format("must be numbers in [{:g}, {:g}]", lowest, kLargestWeight),
                        fmt::format("{:g} at element {}", *bad, bad - values.begin())});
  }
  if (!problems.empty()) throw SpecError(std::move(problems));
}

TrainedModel made_of(TensorFile weights, const fs::path& weights_file, const Prototype& design,
                     const Renaming& rename, const std::optional<TaskInput>& unsaid) {
  TrainedModel model;
  model.weights_file = weights_file;
  model.weights = std::move(weights);
  widen(model.weights);
  MetadataReader reader(model.weights, model.weights_file);
  model.metadata = reader.read();
  model.design_file = design.document().name;
  TaskInput input =
      model.metadata.input ? *model.metadata.input : unsaid.value_or(design.written_input());
  input.detector = model.metadata.detector;
  Realised realised = design_realised(design, input);
  model.detector = std::move(realised.detector);
  model.network = model.detector ? model.detector->trunk : std::move(*realised.network);
  reader.compare(model.metadata, model);
  if (rename) rename(model.weights, model.network);
  const std::string file = model.weights_file.string();
  if (model.detector)
    check_weights(networks_of(*model.detector), model.weights, file);
  else
    check_weights(model.network, model.weights, file);
  check_values(model.weights, file);
  return model;
}

spec::JsonFile read_design_file(const fs::path& weights, const fs::path& design) {
  return spec::read_json_file(design.empty() ? weights.parent_path() / kDesignName : design);
}

TrainedModel read_from(const fs::path& source, const fs::path& design,
                       const std::optional<TaskInput>& unsaid, bool may_be_detector) {
  const fs::path file = find_weights(source);
  TensorFile weights = read_safetensors(file);
  spec::JsonFile read = read_design_file(file, design);
  const Prototype prototype(std::move(read.document));
  if (!may_be_detector) expect_one_network(prototype);
  TrainedModel model = made_of(std::move(weights), file, prototype, {}, unsaid);
  model.design_text = std::move(read.text);
  return model;
}

}  // namespace

TrainedModel read_trained_model(const fs::path& source, const fs::path& design,
                                const std::optional<TaskInput>& unsaid) {
  return read_from(source, design, unsaid, false);
}

bool is_trained_detector(const fs::path& source, const fs::path& design) {
  return Prototype(read_design_file(find_weights(source), design).document).is_detector();
}

TrainedModel read_trained_design(const fs::path& source, const fs::path& design,
                                 const std::optional<TaskInput>& unsaid) {
  return read_from(source, design, unsaid, true);
}

TrainedModel read_training_of(const Prototype& design, const fs::path& source,
                              const std::optional<TaskInput>& unsaid) {
  const fs::path file = find_weights(source);
  return made_of(read_safetensors(file), file, design, {}, unsaid);
}

TrainedModel make_trained_model(TensorFile weights, const fs::path& weights_file,
                                const Prototype& design, const Renaming& rename,
                                const std::optional<TaskInput>& unsaid) {
  expect_one_network(design);
  return made_of(std::move(weights), weights_file, design, rename, unsaid);
}

TensorFile read_weights(const fs::path& source) {
  const fs::path file = find_weights(source);
  TensorFile weights = read_safetensors(file);
  widen(weights);
  std::erase_if(weights.tensors,
                [](const auto& named) { return named.second.type != Tensor::Type::F32; });
  check_values(weights, file.string());
  return weights;
}

std::string weights_digest(const TensorFile& weights) {
  std::uint64_t digest = 0;
  for (const auto& [name, tensor] : weights.tensors)
    digest =
        spec::derive_seed({digest, spec::hash_bytes(name),
                           spec::hash_bytes({reinterpret_cast<const char*>(tensor.bytes.data()),
                                             tensor.bytes.size()})});
  return fmt::format("{:016x}", digest);
}

}  // namespace atto::net
