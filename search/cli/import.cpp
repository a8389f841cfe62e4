// atto import: weights that were trained on elsewhere, and ONNX models, as the folder of a trained
// model.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "design_specs/json_text.hpp"
#include "export/import/onnx_import.hpp"
#include "export/pytorch/weights_import.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/identity.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/path_kind.hpp"

namespace atto::cli {
namespace {

struct ImportOptions {
  std::filesystem::path weights, design, out;
  bool is_json = false;
};

int told(const ImportOptions& options, const net::Network& network, std::size_t tensors) {
  const std::int64_t params = net::count_costs(network).params;
  if (options.is_json)
    fmt::print("{}\n", spec::json_text(nlohmann::ordered_json(
                                           {{"written", options.out.string()},
                                            {"hash", net::hash_text(net::structure_hash(network))},
                                            {"tensors", tensors},
                                            {"params", params},
                                            {"classes", network.classes}}),
                                       2));
  else
    fmt::print("{}  {} tensors, {} parameters, {} classes\n", options.out.string(), tensors, params,
               network.classes);
  return 0;
}

int import_graph(const ImportOptions& options) {
  if (!options.design.empty())
    throw SpecError(
        {{"--design", "", "is for weights alone: an ONNX model is its own design", ""}});
  const deploy::import::Imported imported = deploy::import::import_onnx(options.weights);
  deploy::import::write_imported(imported, options.out);
  for (const std::string& note : imported.notes) fmt::print(stderr, "atto: {}\n", note);
  return told(options, imported.network, imported.weights.tensors.size());
}

int import_command(const ImportOptions& options) {
  const PathKind kind = kind_of(options.weights);
  const bool is_named_onnx = options.weights.extension() == ".onnx";
  if (kind == PathKind::Onnx || (kind == PathKind::Unknown && is_named_onnx))
    return import_graph(options);
  if (kind != PathKind::PyTorch)  // which is told how to become one
    expect_kind(options.weights, "atto import", {PathKind::Weights, PathKind::Onnx});
  if (options.design.empty())
    throw SpecError({{"--design", "", "is required: the design that the weights are of", ""}});
  expect_kind(options.design, "atto import --design", {PathKind::Network});
  const net::TrainedModel model = deploy::pytorch::import_weights(options.weights, options.design);
  deploy::pytorch::write_trained_model(model, options.out);
  return told(options, model.network, model.weights.tensors.size());
}

}  // namespace

void add_import(CLI::App& app, Action& action) {
  auto options = std::make_shared<ImportOptions>();
  Command command(app, "import",
                  "Take an ONNX model in, or weights back that were trained on in PyTorch");
  command
      .option("weights", options->weights,
              "An ONNX model, or a safetensors file with the names of model.py's state_dict, or "
              "ours")
      .required();
  command.option("--design", options->design, "Design JSON that weights are of; not with ONNX");
  command.option("--out", options->out, "Folder for design.json and weights.safetensors")
      .required();
  command.flag("--json", options->is_json, "Print JSON");
  command.footer(
      "Examples:\n"
      "  atto import net.onnx --out net\n"
      "  atto import tuned.safetensors \\\n"
      "    --design runs/quickstart-s1/winner/design.json --out tuned\n"
      "The folder is taken by atto eval, export, reference and run.");
  command.runs(action, [options] { return import_command(*options); });
}

}  // namespace atto::cli
