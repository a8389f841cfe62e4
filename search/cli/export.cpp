// atto export: a trained model as files of other formats, each checked against LibTorch's logits.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "design_specs/json_text.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/export_run.hpp"
#include "search/cli/export_shown.hpp"
#include "search/cli/path_kind.hpp"

namespace atto::cli {
namespace {

struct ExportOptions {
  ExportRequest request;
  bool is_int8 = false, is_bf16 = false, is_json = false, is_strict = false;
  std::string io = "int8";
};

int export_command(const ExportOptions& options) {
  ExportRequest request = options.request;
  expect_kind(request.source, "atto export",
              {PathKind::Weights, PathKind::Training, PathKind::Campaign});
  if (options.is_int8) request.precision = deploy::Precision::I8;
  if (options.is_bf16) request.precision = deploy::Precision::Bf16;
  request.has_float_io = options.io == "float";
  const std::vector<deploy::Artefact> artefacts = export_trained(request);
  if (options.is_json)
    fmt::print("{}\n", spec::json_text(artefacts_json(artefacts), 2));
  else
    fmt::print("{}", artefact_table(artefacts));
  const bool all_ran =
      std::all_of(artefacts.begin(), artefacts.end(), [](const deploy::Artefact& artefact) {
        return artefact.not_run.empty() && artefact.not_written.empty();
      });
  return tell_misses(artefacts) && (all_ran || !options.is_strict) ? 0 : 1;
}

}  // namespace

void add_export(CLI::App& app, Action& action) {
  auto options = std::make_shared<ExportOptions>();
  ExportRequest& request = options->request;
  std::vector<std::string> formats = format_names();
  formats.emplace_back(kAllFormats);
  Command command(app, "export", "Write a trained model for other runtimes, and check it");
  command
      .option("source", request.source,
              "Run folder (of a campaign: its winner), or weights.safetensors")
      .required();
  command
      .option("--to", request.targets,
              "Formats, separated by commas. With --int8 or --bf16, formats of a list that have "
              "none are written in float32; of all, those that this machine cannot write are left "
              "out")
      .required()
      .suggests(formats)
      .delimiter(',')
      .one_value_each();
  const Option int8 =
      command.flag("--int8", options->is_int8, "Quantise weights and activations to 8 bits");
  command
      .flag("--bf16", options->is_bf16,
            "Weights and products of convolutions and dense layers in bf16; of format atto")
      .excludes(int8);
  command
      .option("--calibrate", request.calibrate,
              "With --int8: data set (its training images are used) or safetensors file with "
              "\"inputs\"; default: calibration.safetensors beside the weights, made of the "
              "data set of the training where it is missing")
      .needs(int8);
  command
      .option("--io", options->io,
              "With --int8, of format tflite: what goes in and comes out, int8 or float; "
              "default: int8")
      .one_of({"int8", "float"})
      .needs(int8);
  command.option("--design", request.design,
                 "Design JSON; default: design.json beside the weights");
  command.option("--name", request.name, "Of the files, and of what C declares; default: model");
  command.option("--out", request.out, "Folder; default: that of the weights");
  command.option("--reference", request.reference,
                 "Images and LibTorch's logits; default: reference.safetensors beside the "
                 "weights, made where it is missing");
  command.flag("--strict", options->is_strict,
               "Exit 1 also where a file was written and could not be run, or of all could not be "
               "written");
  command.flag("--json", options->is_json, "Print JSON");
  command.footer(
      "Examples:\n"
      "  atto export runs/quickstart-s1 --to atto,onnx\n"
      "  atto export runs/quickstart-s1 --to atto,onnx --int8\n"
      "  atto export runs/quickstart-s1 --to c --int8     for microcontrollers\n"
      "  atto export runs/quickstart-s1 --to web          a page for browsers\n"
      "  atto export runs/quickstart-s1 --to tflite --int8     for Android\n"
      "  atto export runs/quickstart-s1 --to atto --bf16");
  command.runs(action, [options] { return export_command(*options); });
}

}  // namespace atto::cli
