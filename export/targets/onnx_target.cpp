// ONNX files, run by our own executor.
#include "export/onnx/executor.hpp"
#include "export/onnx/model_file.hpp"
#include "export/onnx/network_graph.hpp"
#include "export/onnx/quantised_graph.hpp"
#include "export/targets/targets.hpp"

namespace atto::deploy {
namespace {

bool can_write(Precision precision) {
  return precision != Precision::Bf16;  // ONNX's operators hardly know it at our operator set
}

void write(const ExportSource& source, const std::filesystem::path& file) {
  const net::Network& network = source.model.network;
  const net::TensorFile& weights = source.model.weights;
  if (source.precision == Precision::I8)
    return onnx::write_model(file,
                             onnx::quantised_graph(source.int8->network, source.int8->quantisation,
                                                   onnx::describe(network, weights)));
  onnx::Graph graph = onnx::network_graph(network, weights);
  graph.metadata["design"] = source.model.design_text;  // for `atto import`
  onnx::write_model(file, graph);
}

Ran run(const ExportSource& /*source*/, const std::filesystem::path& file, const ImageSet& images) {
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
  return {std::move(logits), "our ONNX executor"};
}

}  // namespace

extern const Target kOnnxTarget;
const Target kOnnxTarget = {.name = "onnx",
                            .extension = ".onnx",
                            .companions = {},
                            .can_write = can_write,
                            .require_tools = nullptr,
                            .quantise = quantise_model,
                            .write = write,
                            .run = run};

}  // namespace atto::deploy
