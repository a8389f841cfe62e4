#include "export/targets/targets.hpp"

#include <algorithm>

#include "export/lowering/passes.hpp"
#include "export/onnx/executor.hpp"
#include "export/onnx/model_file.hpp"
#include "export/onnx/network_graph.hpp"
#include "export/onnx/quantised_graph.hpp"
#include "export/quantisation/quantise.hpp"
#include "export/targets/atto_target.hpp"

namespace atto::deploy {
namespace {

bool can_write_onnx(Precision precision) {
  return precision != Precision::Bf16;  // ONNX's operators hardly know it at our operator set
}

void write_onnx(const ExportSource& source, const std::filesystem::path& file) {
  const net::Network& network = source.model.network;
  const net::TensorFile& weights = source.model.weights;
  onnx::write_model(file,
                    source.precision == Precision::I8
                        ? onnx::quantised_graph(source.int8->network, source.int8->quantisation,
                                                onnx::describe(network, weights))
                        : onnx::network_graph(network, weights));
}

std::vector<float> run_onnx(const std::filesystem::path& file, const ImageSet& images) {
  const onnx::Graph graph = onnx::read_model(file);
  const onnx::Executor executor(graph);
  const net::Shape& shape = images.shape;
  std::vector<float> logits;
  for (std::int64_t n = 0; n < images.count; ++n) {
    const std::span<const float> image = images.image(n);
    const onnx::Array input{
        {1, shape.channels, shape.height, shape.width}, {image.begin(), image.end()}, {}};
    const auto outputs = executor.run({{graph.inputs.at(0).name, input}});
    const std::vector<float>& made = outputs.at(graph.outputs.at(0).name).values;
    logits.insert(logits.end(), made.begin(), made.end());
  }
  return logits;
}

constexpr Target kTargets[] = {{"atto", ".atto", can_write_atto, write_atto, run_atto},
                               {"onnx", ".onnx", can_write_onnx, write_onnx, run_onnx}};

}  // namespace

Int8Model quantise_model(const TrainedModel& model, const ImageSet& calibration) {
  Int8Model result{fuse(model.network, model.weights, Attach::Clamps), {}};
  result.quantisation = quantise(result.network, calibration.inputs);
  return result;
}

std::span<const Target> targets() {
  return kTargets;
}

const Target* find_target(std::string_view name) {
  const auto* found = std::find_if(std::begin(kTargets), std::end(kTargets),
                                   [&](const Target& target) { return target.name == name; });
  return found == std::end(kTargets) ? nullptr : found;
}

}  // namespace atto::deploy
