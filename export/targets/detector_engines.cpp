#include "export/targets/detector_engines.hpp"

#include <memory>

#include "export/lowering/lower_detector.hpp"
#include "export/runtime/detector_model.hpp"
#include "export/runtime/engine.hpp"
#include "export/targets/aligned_bytes.hpp"

namespace atto::deploy {
namespace {

struct Engines {
  Engines(const net::DetectorParts& detector, const net::TensorFile& weights)
      : file(detector_bytes(detector, weights, {})) {
    format::changed(edge::DetectorModel::view(file.get()).parts(),
                    [&](const edge::Model& model, const std::string& name) {
                      return by_part.emplace(name, model).second;
                    });
  }

  AlignedBytes file;
  std::map<std::string, edge::Engine> by_part;
};

}  // namespace

DetectorInterpreter::RunPart run_by_engine(const net::DetectorParts& detector,
                                           const net::TensorFile& weights) {
  const auto engines = std::make_shared<Engines>(detector, weights);
  return [engines](const std::string& part, std::span<const float> input) {
    edge::Engine& engine = engines->by_part.at(part);
    engine.run(input);
    std::vector<std::vector<float>> outputs;
    for (std::size_t i = 0; i < engine.model().program().outputs.size(); ++i)
      outputs.emplace_back(engine.output(i).begin(), engine.output(i).end());
    return outputs;
  };
}

}  // namespace atto::deploy
