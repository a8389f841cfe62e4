// atto import: weights that were trained on elsewhere, as the folder of a trained model.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "design_specs/json_text.hpp"
#include "export/pytorch/weights_import.hpp"
#include "prototypes/network/costs.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/path_kind.hpp"

namespace atto::cli {
namespace {

struct ImportOptions {
  std::filesystem::path weights, design, out;
  bool is_json = false;
};

int import_command(const ImportOptions& options) {
  const PathKind kind = kind_of(options.weights);
  if (kind != PathKind::PyTorch)  // which is told how to become one
    expect_kind(options.weights, "atto import", {PathKind::Weights});
  expect_kind(options.design, "atto import --design", {PathKind::Network});
  const net::TrainedModel model = deploy::pytorch::import_weights(options.weights, options.design);
  deploy::pytorch::write_trained_model(model, options.out);
  const std::int64_t params = net::count_costs(model.network).params;
  if (options.is_json)
    fmt::print("{}\n",
               spec::json_text(nlohmann::ordered_json({{"written", options.out.string()},
                                                       {"tensors", model.weights.tensors.size()},
                                                       {"params", params},
                                                       {"classes", model.network.classes}}),
                               2));
  else
    fmt::print("{}  {} tensors, {} parameters, {} classes\n", options.out.string(),
               model.weights.tensors.size(), params, model.network.classes);
  return 0;
}

}  // namespace

void add_import(CLI::App& app, Action& action) {
  auto options = std::make_shared<ImportOptions>();
  Command command(app, "import", "Take weights back that were trained on in PyTorch");
  command
      .option("weights", options->weights,
              "A safetensors file with the names of model.py's state_dict, or ours")
      .required();
  command.option("--design", options->design, "Design JSON that the weights are of").required();
  command.option("--out", options->out, "Folder for design.json and weights.safetensors")
      .required();
  command.flag("--json", options->is_json, "Print JSON");
  command.footer(
      "Example:\n"
      "  atto import tuned.safetensors \\\n"
      "    --design runs/quickstart-s1/winner/design.json --out tuned\n"
      "The folder is taken by atto eval, export, reference and run.");
  command.runs(action, [options] { return import_command(*options); });
}

}  // namespace atto::cli
