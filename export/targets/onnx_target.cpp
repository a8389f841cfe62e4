// ONNX files, run by our own executor.
#include <algorithm>

#include "export/onnx/detector_graph.hpp"
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

bool can_write_detector(Precision precision) {
  return precision == Precision::F32;
}

void write(const ExportSource& source, const std::filesystem::path& file) {
  if (source.model.detector) {
    onnx::Graph graph = onnx::detector_graph(*source.model.detector, source.model.weights);
    graph.metadata["design"] = source.model.design_text;
    return onnx::write_model(file, graph);
  }
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

/// What a detector's outputs say, whose rows behind the count are empty.
det::Found found_in(const std::map<std::string, onnx::Array>& outputs) {
  det::Found found;
  const auto count = static_cast<std::size_t>(outputs.at(onnx::kCount).wholes.at(0));
  const float* corner = outputs.at(onnx::kBoxes).values.data();
  for (std::size_t i = 0; i < count; ++i, corner += 4)
    found.objects.push_back({{corner[0], corner[1], corner[2], corner[3]},
                             static_cast<int>(outputs.at(onnx::kClasses).wholes.at(i)),
                             outputs.at(onnx::kScores).values.at(i)});
  if (const auto masks = outputs.find(onnx::kMasks); masks != outputs.end()) {
    found.masks = masks->second.values;
    found.masks.resize(count * static_cast<std::size_t>(masks->second.dims[1]) *
                       static_cast<std::size_t>(masks->second.dims[2]));
  }
  return found;
}

/// How many pictures a large detector is checked on, for which plain loops take long.
std::int64_t pictures_of(const net::DetectorParts& detector, std::int64_t count) {
  constexpr std::int64_t kMacs = 10'000'000'000;
  return std::clamp<std::int64_t>(kMacs / (net::count_costs(detector).macs + 1), 2, count);
}

Ran run(const ExportSource& source, const std::filesystem::path& file, const ImageSet& images) {
  const onnx::Graph graph = onnx::read_model(file);
  const onnx::Executor executor(graph);
  const net::Shape& shape = images.shape;
  const std::optional<net::DetectorParts>& detector = source.model.detector;
  const std::int64_t count = detector ? pictures_of(*detector, images.count) : images.count;
  Ran ran{{}, "our ONNX executor"};
  for (std::int64_t n = 0; n < count; ++n) {
    const std::span<const float> image = images.image(n);
    const onnx::Array input{
        {1, shape.channels, shape.height, shape.width}, {image.begin(), image.end()}, {}};
    const auto outputs = executor.run({{graph.inputs.at(0).name, input}});
    if (detector) {
      ran.found.push_back(found_in(outputs));
      continue;
    }
    const std::vector<float>& made = outputs.at(graph.outputs.at(0).name).values;
    ran.logits.insert(ran.logits.end(), made.begin(), made.end());
  }
  return ran;
}

}  // namespace

extern const Target kOnnxTarget;
const Target kOnnxTarget = {.name = "onnx",
                            .extension = ".onnx",
                            .companions = {},
                            .can_write = can_write,
                            .can_write_detector = can_write_detector,
                            .require_tools = nullptr,
                            .quantise = quantise_model,
                            .write = write,
                            .run = run};

}  // namespace atto::deploy
