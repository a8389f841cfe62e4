// C for microcontrollers, run as this machine's compiler makes it.
#include <algorithm>
#include <cmath>

#include "design_specs/files.hpp"
#include "export/c/c_source.hpp"
#include "export/c/compiled.hpp"
#include "export/lowering/passes.hpp"
#include "export/targets/targets.hpp"
#include "prototypes/network/costs.hpp"

namespace atto::deploy {
namespace {

bool can_write(Precision precision) {
  return precision != Precision::Bf16;  // small cores have no such numbers
}

c::CSource source_of(const ExportSource& source, const FusedNetwork& network,
                     const std::string& stem) {
  const net::TrainingMetadata& metadata = source.model.metadata;
  const net::Costs costs = net::count_costs(source.model.network);
  const bool is_int8 = source.precision == Precision::I8;
  return c::c_source({network, is_int8 ? &source.int8->quantisation : nullptr, metadata.mean,
                      metadata.stddev, metadata.class_names, costs.params, costs.macs, stem});
}

void write(const ExportSource& source, const std::filesystem::path& file) {
  const bool is_int8 = source.precision == Precision::I8;
  const FusedNetwork network =
      is_int8 ? source.int8->network : fuse(source.model.network, source.model.weights);
  const c::CSource made = source_of(source, network, file.stem().string());
  spec::write_file_atomically(file, made.source);
  spec::write_file_atomically(std::filesystem::path(file).replace_extension(".h"), made.header);
}

/// The pixels that these values were made of, [height][width][channels]; empty where they were
/// not made of whole ones.
std::vector<std::uint8_t> pixels_of(const ImageSet& images, const net::TrainingMetadata& metadata) {
  std::vector<std::uint8_t> pixels(images.inputs.size());
  const auto channels = static_cast<std::size_t>(images.shape.channels);
  const std::size_t plane = static_cast<std::size_t>(images.shape.elements()) / channels;
  for (std::size_t i = 0; i < images.inputs.size(); ++i) {
    const std::size_t image = i / (channels * plane), c = i / plane % channels, p = i % plane;
    const float mean = metadata.mean.empty() ? 0 : metadata.mean[c];
    const float deviation = metadata.stddev.empty() ? 1 : metadata.stddev[c];
    const float pixel = (images.inputs[i] * deviation + mean) * 255;
    const float whole = std::nearbyint(pixel);
    if (!(std::fabs(pixel - whole) < 0.01F) || whole < 0 || whole > 255) return {};
    pixels[(image * plane + p) * channels + c] = static_cast<std::uint8_t>(whole);
  }
  return pixels;
}

Ran run(const ExportSource& source, const std::filesystem::path& file, const ImageSet& images) {
  const c::CompiledModel model{file};
  const std::vector<std::uint8_t> pixels = pixels_of(images, source.model.metadata);
  c::Outputs outputs =
      c::run_compiled(model, pixels.empty() ? c::Images{{}, images.inputs} : c::Images{pixels, {}});
  // The first output is that of the reference.
  const auto count = static_cast<std::size_t>(images.count);
  const std::size_t each = outputs.values.size() / count, classes = images.logits.size() / count;
  std::vector<float> logits;
  for (std::size_t n = 0; n < count && outputs.not_run.empty(); ++n)
    logits.insert(logits.end(), outputs.values.begin() + static_cast<std::ptrdiff_t>(n * each),
                  outputs.values.begin() + static_cast<std::ptrdiff_t>(n * each + classes));
  return {std::move(logits), std::move(outputs.run_by), std::move(outputs.not_run)};
}

constexpr std::string_view kCompanions[] = {".h"};

}  // namespace

extern const Target kCTarget;
const Target kCTarget = {.name = "c",
                         .extension = ".c",
                         .companions = kCompanions,
                         .can_write = can_write,
                         .can_write_detector = nullptr,
                         .require_tools = nullptr,
                         .quantise = quantise_model,
                         .write = write,
                         .run = run};

}  // namespace atto::deploy
