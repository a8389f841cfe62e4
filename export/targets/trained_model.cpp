#include "export/targets/trained_model.hpp"

#include <charconv>
#include <optional>

#include "design_specs/errors.hpp"
#include "prototypes/language/prototype.hpp"

namespace atto::deploy {
namespace {

namespace fs = std::filesystem;

fs::path find_weights(const fs::path& source) {
  std::error_code ignored;
  if (!fs::is_directory(source, ignored)) return source;
  for (const fs::path& folder : {source, source / "winner"})
    if (fs::exists(folder / kWeightsName, ignored)) return folder / kWeightsName;
  throw SpecError({{source.string(), "",
                    std::string("must hold ") + kWeightsName + ", or winner/ with it", ""}});
}

/// A whole number of the weights' metadata; absent where there is none.
std::optional<int> read_number(const TrainedModel& model, const std::string& key) {
  const auto found = model.weights.metadata.find(key);
  if (found == model.weights.metadata.end()) return std::nullopt;
  const std::string& text = found->second;
  int value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || value < 1)
    throw SpecError({{model.weights_file.string(), "/__metadata__/" + key,
                      "must be a whole number above 0", text}});
  return value;
}

/// What the weights were trained for; absent = as the design is written.
std::optional<net::TaskInput> trained_input(const TrainedModel& model) {
  const auto channels = read_number(model, "channels"), height = read_number(model, "height"),
             width = read_number(model, "width"), classes = read_number(model, "classes");
  if (!channels || !height || !width || !classes) return std::nullopt;
  return net::TaskInput{{*channels, *height, *width}, *classes};
}

}  // namespace

TrainedModel read_trained_model(const fs::path& source, const fs::path& design) {
  TrainedModel model;
  model.weights_file = find_weights(source);
  model.weights = net::read_safetensors(model.weights_file);
  model.design_file = design.empty() ? model.folder() / "design.json" : design;
  model.network = net::read_design(model.design_file, trained_input(model));
  net::check_weights(model.network, model.weights, model.weights_file.string());
  return model;
}

}  // namespace atto::deploy
