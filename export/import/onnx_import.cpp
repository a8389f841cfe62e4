#include "export/import/onnx_import.hpp"

#include <algorithm>
#include <optional>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/reading/json_file.hpp"
#include "export/import/design_json.hpp"
#include "export/import/graph_network.hpp"
#include "export/import/structure_tree.hpp"
#include "export/onnx/model_file.hpp"
#include "export/onnx/network_graph.hpp"
#include "prototypes/language/artefact_names.hpp"
#include "prototypes/language/prototype.hpp"

namespace atto::deploy::import {
namespace {

namespace fs = std::filesystem;

/// A file's name as a design may be called.
std::string design_name(const fs::path& file) {
  std::string name = file.stem().string().substr(0, 64);
  for (char& c : name) {
    const bool is_allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (!is_allowed) c = '_';
  }
  return name.empty() || name.front() == '.' ? "imported" : name;
}

/// The attributes that graphs of ours have.
bool same_attributes(const onnx::Node& a, const onnx::Node& b) {
  if (a.attributes.size() != b.attributes.size()) return false;
  return std::all_of(a.attributes.begin(), a.attributes.end(), [&](const auto& entry) {
    const auto found = b.attributes.find(entry.first);
    if (found == b.attributes.end() || found->second.index() != entry.second.index()) return false;
    return std::visit(
        [&](const auto& value) {
          using Value = std::decay_t<decltype(value)>;
          if constexpr (std::is_same_v<Value, net::Tensor>)
            return false;
          else
            return value == std::get<Value>(found->second);
        },
        entry.second);
  });
}

bool same_nodes(const onnx::Graph& a, const onnx::Graph& b) {
  return std::equal(a.nodes.begin(), a.nodes.end(), b.nodes.begin(), b.nodes.end(),
                    [](const onnx::Node& one, const onnx::Node& other) {
                      return one.op == other.op && one.inputs == other.inputs &&
                             one.outputs == other.outputs && same_attributes(one, other);
                    });
}

/// A network's weights among the constants of a graph; nothing where one is missing.
std::optional<net::TensorFile> weights_of(const net::Network& network, const onnx::Graph& graph) {
  net::TensorFile weights;
  for (const net::WeightSpec& spec : net::weight_specs(network)) {
    const auto found = graph.initializers.find(spec.name);
    if (found == graph.initializers.end()) return {};
    net::Tensor tensor = found->second;
    const std::int64_t elements = tensor.elements();
    tensor.shape = spec.shape;
    if (tensor.type != net::Tensor::Type::F32 || tensor.elements() != elements) return {};
    weights.tensors[spec.name] = std::move(tensor);
  }
  return weights;
}

/// The design that a file of ours brings; nothing where it brings none, or is another network by
/// now.
std::optional<Imported> own_design(const onnx::Graph& graph) try {
  const auto text = graph.metadata.find("design");
  if (text == graph.metadata.end() || graph.inputs.size() != 1 || graph.outputs.empty()) return {};
  const net::Prototype prototype(spec::parse_json(text->second, net::kDesignName));
  const std::vector<std::int64_t>&sides = graph.inputs[0].shape, &scores = graph.outputs[0].shape;
  if (!prototype.is_design() || sides.size() != 3 || scores.empty()) return {};
  const net::TaskInput input{
      {static_cast<int>(sides[0]), static_cast<int>(sides[1]), static_cast<int>(sides[2])},
      static_cast<int>(scores[0])};
  Imported imported{text->second, net::design_network(prototype, input), {}, {}};
  std::optional<net::TensorFile> weights = weights_of(imported.network, graph);
  if (!weights || !same_nodes(onnx::network_graph(imported.network, *weights), graph)) return {};
  imported.weights = std::move(*weights);
  return imported;
} catch (const SpecError&) {
  return {};
}

/// Dense layers may say the class count as 0.
net::Op written_out(net::Op op, int classes) {
  if (auto* dense = std::get_if<net::Dense>(&op); dense && dense->out_features == 0)
    dense->out_features = classes;
  return op;
}

/// Gives the weights the names of the design's layers; `order`: by layer of the design, that of
/// the graph.
net::TensorFile renamed(const GraphNetwork& read, const net::Network& network,
                        const std::vector<int>& order) {
  net::TensorFile weights;
  std::vector<int> place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    place[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const net::Layer &from = read.network.layers[static_cast<std::size_t>(order[i])],
                     &to = network.layers[i];
    std::vector<int> inputs;
    for (const int input : from.inputs) inputs.push_back(place[static_cast<std::size_t>(input)]);
    if (written_out(from.op, network.classes) != written_out(to.op, network.classes) ||
        inputs != to.inputs)
      throw InternalError("the design of a graph is another network at " + from.name);
    for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"})
      if (const auto found = read.weights.tensors.find(from.name + part);
          found != read.weights.tensors.end())
        weights.tensors[to.name + part] = found->second;
  }
  return weights;
}

Imported read_graph(const onnx::Graph& graph, const fs::path& file) {
  GraphNetwork read = read_network(graph, file.string());
  read.network.name = design_name(file);
  const Chain tree = structure_tree(read.network, file.string());
  Imported imported;
  imported.design = design_json(read.network, tree, file.string());
  const net::Prototype prototype(spec::parse_json(imported.design, file.string()));
  imported.network = net::design_network(prototype, prototype.written_input());
  const std::vector<int> order = layer_order(tree);
  if (order.size() != imported.network.layers.size() ||
      imported.network.outputs.size() != read.network.outputs.size())
    throw InternalError("the design of a graph has other layers");
  for (std::size_t i = 0; i < read.network.outputs.size(); ++i)
    if (order[static_cast<std::size_t>(imported.network.outputs[i].layer)] !=
        read.network.outputs[i].layer)
      throw InternalError("the design of a graph has other outputs");
  imported.weights = renamed(read, imported.network, order);
  imported.notes = std::move(read.notes);
  return imported;
}

/// What the file says of its training, as trained weights do.
void add_metadata(const onnx::Graph& graph, Imported& imported) {
  std::map<std::string, std::string>& texts = imported.weights.metadata;
  const net::Network& network = imported.network;
  for (const char* key :
       {"mean", "stddev", "class_names", "dataset", "dataset_digest", "normalisation", "layout"})
    if (const auto found = graph.metadata.find(key); found != graph.metadata.end())
      texts.insert(*found);
  texts["format"] = "pt";
  texts["channels"] = std::to_string(network.input.channels);
  texts["height"] = std::to_string(network.input.height);
  texts["width"] = std::to_string(network.input.width);
  texts["classes"] = std::to_string(network.classes);
}

}  // namespace

Imported import_onnx(const fs::path& file) {
  const onnx::Graph graph = onnx::read_foreign_model(file);
  std::optional<Imported> own = own_design(graph);
  Imported imported = own ? std::move(*own) : read_graph(graph, file);
  add_metadata(graph, imported);
  net::check_weights(imported.network, imported.weights, file.string());
  return imported;
}

void write_imported(const Imported& imported, const fs::path& folder) {
  const fs::path weights = folder / net::kWeightsName, design = folder / net::kDesignName;
  std::error_code error;
  for (const fs::path& there : {weights, design})
    if (fs::exists(there, error))
      throw SpecError(
          {{"--out", "", "must be a folder without trained weights; there is", there.string()}});
  fs::create_directories(folder, error);
  if (error) throw EnvironmentError("cannot make", folder.string(), error.value());
  spec::write_file_atomically(design, imported.design);
  net::write_safetensors(weights, imported.weights);
}

}  // namespace atto::deploy::import
