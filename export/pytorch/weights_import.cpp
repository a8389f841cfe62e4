#include "export/pytorch/weights_import.hpp"

#include <fmt/format.h>

#include <fstream>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/pytorch/model_py.hpp"

namespace atto::deploy::pytorch {
namespace {

namespace fs = std::filesystem;
using Names = std::map<std::string, std::string>;

constexpr std::string_view kPrefixes[] = {"module.", "_orig_mod."};

/// A zip archive, or a pickle of protocol 2 and later: what torch.save writes.
bool is_pickle(const fs::path& file) {
  char bytes[4] = {};
  std::ifstream in(file, std::ios::binary);
  in.read(bytes, sizeof bytes);
  const std::string_view start(bytes, static_cast<std::size_t>(in.gcount()));
  return start == "PK\x03\x04" || (start.size() >= 2 && start[0] == '\x80' && start[1] <= 5);
}

void refuse_pickle(const fs::path& file) {
  if (!is_pickle(file)) return;
  throw SpecError(
      {{file.string(), "",
        "is a pickle, which may run any program when it is read; beside model.py, this converts "
        "one that you trust: python3 -c \"import torch, model; model.save(torch.load('" +
            file.filename().string() + "', map_location='cpu'), 'weights.safetensors')\"",
        ""}});
}

std::string without_prefixes(std::string name) {
  for (bool is_cut = true; is_cut;) {
    is_cut = false;
    for (const std::string_view prefix : kPrefixes)
      if (name.starts_with(prefix)) {
        name.erase(0, prefix.size());
        is_cut = true;
      }
  }
  return name;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

/// The tensors of a file by our names.
class Renaming {
 public:
  Renaming(net::TensorFile& weights, const net::Network& network, const fs::path& file)
      : weights_(weights), network_(network), file_(file.string()), state_(state_names(network)) {}

  void apply() {
    Names ours_of;
    for (const auto& [ours, name] : state_) ours_of[name] = ours_of[ours] = ours;
    std::map<std::string, net::Tensor> taken;
    for (auto& [name, tensor] : weights_.tensors) {
      const auto found = ours_of.find(without_prefixes(name));
      if (found == ours_of.end())
        add(name, "unknown tensor; the network has none of this name", "");
      else if (!sources_.emplace(found->second, name).second)
        add(name, "must be there once; so is " + sources_.at(found->second), "");
      else
        taken.emplace(found->second, std::move(tensor));
    }
    for (const net::WeightSpec& spec : net::weight_specs(network_)) check(spec, taken);
    if (!problems_.empty()) throw SpecError(std::move(problems_));
    weights_.tensors = std::move(taken);
  }

 private:
  void check(const net::WeightSpec& spec, const std::map<std::string, net::Tensor>& taken) {
    const auto found = taken.find(spec.name);
    if (found == taken.end())
      add(uses_ours() ? spec.name : state_.at(spec.name),
          "missing tensor of shape " + shape_text(spec.shape), "");
    else if (found->second.shape != spec.shape)
      add(sources_.at(spec.name), "must have the shape " + shape_text(spec.shape),
          shape_text(found->second.shape));
    else if (found->second.type != net::Tensor::Type::F32)
      add(sources_.at(spec.name), "must be of type F32, F16 or BF16", "");
  }
  /// Whether the file calls what it has as we do.
  bool uses_ours() const {
    return !sources_.empty() &&
           without_prefixes(sources_.begin()->second) == sources_.begin()->first;
  }
  void add(const std::string& name, const std::string& rule, const std::string& value) {
    problems_.push_back({file_, name, rule, value});
  }

  net::TensorFile& weights_;
  const net::Network& network_;
  const std::string file_;
  const Names state_;
  Names sources_;  ///< by our name, the file's
  std::vector<Problem> problems_;
};

/// The width of the classifier in a file, 0 where it has none.
int classes_of(const net::TensorFile& weights, const net::Network& network) {
  const int logits = network.outputs.at(0).layer;
  const net::Layer& layer = network.layers[static_cast<std::size_t>(logits)];
  if (!std::holds_alternative<net::Dense>(layer.op)) return 0;
  const std::string ours = layer.name + ".bias", state = state_names(network).at(ours);
  for (const auto& [name, tensor] : weights.tensors)
    if (const std::string bare = without_prefixes(name);
        (bare == ours || bare == state) && tensor.shape.size() == 1 && tensor.shape[0] > 0 &&
        tensor.shape[0] <= (1 << 16))
      return static_cast<int>(tensor.shape[0]);
  return 0;
}

/// Takes over what the weights beside the design say and these do not.
void complete(std::map<std::string, std::string>& texts, const fs::path& design) {
  const fs::path beside = design.parent_path() / net::kWeightsName;
  std::error_code ignored;
  if (!fs::exists(beside, ignored)) return;
  const net::TensorFile known = net::read_safetensors(beside);
  const auto found = known.metadata.find("classes");
  const bool has_same_classes =
      found != known.metadata.end() && found->second == texts.at("classes");
  for (const char* key : {"mean", "stddev", "normalisation", "layout"})
    if (const auto of = known.metadata.find(key); of != known.metadata.end()) texts.insert(*of);
  for (const char* key : {"class_names", "dataset", "dataset_digest"})
    if (const auto of = known.metadata.find(key); has_same_classes && of != known.metadata.end())
      texts.insert(*of);
}

}  // namespace

net::TrainedModel import_weights(const fs::path& file, const fs::path& design) {
  refuse_pickle(file);
  net::TensorFile weights = net::read_safetensors(file);
  net::widen(weights);
  const net::Prototype read = net::read_prototype(design);
  const net::Network written = net::design_network(read, read.written_input());
  net::TaskInput input{written.input, written.classes};
  if (const int classes = classes_of(weights, written)) input.classes = classes;
  for (const auto& [key, value] : std::map<std::string, int>{{"channels", input.input.channels},
                                                             {"height", input.input.height},
                                                             {"width", input.input.width},
                                                             {"classes", input.classes}})
    weights.metadata.emplace(key, std::to_string(value));
  complete(weights.metadata, design);
  weights.metadata["format"] = "pt";
  return net::make_trained_model(std::move(weights), file, read,
                                 [&](net::TensorFile& tensors, const net::Network& network) {
                                   Renaming(tensors, network, file).apply();
                                 });
}

void write_trained_model(const net::TrainedModel& model, const fs::path& folder) {
  std::error_code error;
  const fs::path weights = folder / net::kWeightsName, design = folder / net::kDesignName;
  for (const fs::path& there : {weights, design})
    if (fs::exists(there, error) && !fs::equivalent(there, model.design_file, error))
      throw SpecError(
          {{"--out", "", "must be a folder without trained weights; there is", there.string()}});
  fs::create_directories(folder, error);
  if (error) throw EnvironmentError("cannot make", folder.string(), error.value());
  if (!fs::exists(design, error))
    spec::write_file_atomically(design, spec::read_file(model.design_file));
  net::write_safetensors(weights, model.weights);
}

}  // namespace atto::deploy::pytorch
