#include "search/cli/inspect_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "design_specs/json_text.hpp"
#include "export/runtime/model.hpp"
#include "prototypes/network/dot.hpp"
#include "prototypes/network/identity.hpp"
#include "prototypes/network/network.hpp"
#include "search/cli/model_shown.hpp"

namespace atto::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string activation_text(const format::Step& step) {
  const auto name = [](format::Activation activation) {
    return activation == format::Activation::None
               ? std::string()
               : std::string(net::kActivationNames[static_cast<std::size_t>(activation)]);
  };
  std::string text = name(step.activation);
  if (step.residual >= 0) text += (text.empty() ? "+residual" : " +residual");
  if (const std::string joined = name(step.joined_activation); !joined.empty())
    text += " " + joined;
  return text;
}

std::string json_text(const edge::Model& model, std::uintmax_t file_bytes) {
  const format::Program& program = model.program();
  Json json = {{"name", program.name},
               {"hash", net::hash_text(program.structure_hash)},
               {"format", format::kVersion},
               {"precision", program.precision},
               {"producer", program.producer},
               {"input", {program.channels, program.height, program.width}},
               {"mean", program.mean},
               {"deviation", program.deviation},
               {"classes", program.classes},
               {"macs", program.macs()},
               {"file_bytes", file_bytes},
               {"weight_bytes", model.weights().size()},
               {"arena_bytes", program.arena_bytes}};
  json["steps"] = Json::array();
  for (const format::Step& step : program.steps) {
    const format::Tensor& output = program.tensors[step.output];
    json["steps"].push_back(
        {{"name", step.name},
         {"step", step_text(step)},
         {"after", activation_text(step)},
         {"shape", {output.channels, output.height, output.width}},
         {"offset",
          output.is_in_strips() ? Json(nullptr) : Json(program.storages[output.storage].offset)},
         {"macs", step.macs}});
  }
  json["outputs"] = Json::array();
  for (const format::ProgramOutput& output : program.outputs) {
    const format::Tensor& tensor = program.tensors[output.tensor];
    json["outputs"].push_back(
        {{"name", output.name}, {"shape", {tensor.channels, tensor.height, tensor.width}}});
  }
  return spec::json_text(json, 2) + "\n";
}

std::string table_text(const edge::Model& model, std::uintmax_t file_bytes) {
  const format::Program& program = model.program();
  std::size_t name = 4, kind = 4;
  for (const format::Step& step : program.steps) {
    name = std::max(name, step.name.size());
    kind = std::max(kind, step_text(step).size());
  }
  std::string text = fmt::format("{:<{}}  {:<{}}  {:>14}  {:>13}  {}\n", "step", name, "kind", kind,
                                 "shape", "macs", "after");
  for (const format::Step& step : program.steps) {
    const format::Tensor& output = program.tensors[step.output];
    text += fmt::format("{:<{}}  {:<{}}  {:>14}  {:>13}  {}{}\n", step.name, name, step_text(step),
                        kind, fmt::format("{}x{}x{}", output.channels, output.height, output.width),
                        step.macs, activation_text(step),
                        output.is_in_strips() ? " in strips, with the next" : "");
  }
  text += fmt::format("\n{}: {}, input {}x{}x{}, {} classes, {} MACs\n", program.name,
                      program.precision, program.channels, program.height, program.width,
                      program.classes.size(), program.macs());
  text += fmt::format(
      "file {:.1f} KiB, weights {:.1f} KiB, arena {:.1f} KiB\nhash {}\n",
      static_cast<double>(file_bytes) / 1024, static_cast<double>(model.weights().size()) / 1024,
      static_cast<double>(program.arena_bytes) / 1024, net::hash_text(program.structure_hash));
  return text;
}

}  // namespace

std::string step_text(const format::Step& step) {
  std::string text(format::kStepNames[static_cast<std::size_t>(step.kind)]);
  const format::Window& window = step.window;
  const net::Sides stride{window.down.stride, window.across.stride};
  if (window.height * window.width > 1 || stride != net::Sides(1))
    text += fmt::format(" {}x{}s{}", window.height, window.width, net::sides_text(stride));
  if (window.dilation > 1) text += fmt::format("d{}", window.dilation);
  if (step.is_bf16) text += " bf16";
  if (step.is_winograd) text += " winograd";
  if (step.wiring.groups * step.wiring.interleave > 1)
    text += fmt::format(" g{}", step.wiring.groups * step.wiring.interleave);
  return text;
}

std::string model_text(const std::filesystem::path& file, bool is_json) {
  const edge::Model model = open_model(file);
  model.check_weights();
  const std::uintmax_t bytes = std::filesystem::file_size(file);
  return is_json ? json_text(model, bytes) : table_text(model, bytes);
}

}  // namespace atto::cli
