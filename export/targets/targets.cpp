#include "export/targets/targets.hpp"

#include "export/lowering/passes.hpp"
#include "export/quantisation/quantise.hpp"
#include "export/quantisation/quantise_detector.hpp"
#include "export/targets/detector_engines.hpp"

namespace atto::deploy {

// Each in its own file.
extern const Target kAttoTarget, kOnnxTarget, kCTarget, kPytorchTarget, kWebTarget, kTfliteTarget;

std::span<const Target> targets() {
  static const Target all[] = {kAttoTarget,    kOnnxTarget, kCTarget,
                               kPytorchTarget, kWebTarget,  kTfliteTarget};
  return all;
}

const Target* find_target(std::string_view name) {
  for (const Target& target : targets())
    if (target.name == name) return &target;
  return nullptr;
}

Int8Model quantise_model(const TrainedModel& model, const ImageSet& calibration) {
  if (model.detector)
    return {{},
            {},
            quantise(*model.detector, model.weights, calibration.inputs,
                     run_by_engine(*model.detector, model.weights))};
  Int8Model result{fuse(model.network, model.weights, Attach::Clamps), {}};
  result.quantisation = quantise(result.network, calibration.inputs);
  return result;
}

}  // namespace atto::deploy
