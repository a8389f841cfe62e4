#pragma once
// A network as steps over maps: convolution, batch norm and cheap activation become one map, which
// is stored once, before its normalisation.

#include <functional>
#include <memory>
#include <vector>

#include "trainer/backend/backend.hpp"
#include "trainer/backend/cpu/feature.hpp"

namespace atto::train::cpu {

struct Plan {
  std::vector<std::unique_ptr<Feature>> features;
  std::vector<std::unique_ptr<Step>> steps;
  std::vector<Feature*> of_layer;  ///< the map that carries a layer's output; null: not needed
  Feature* input = nullptr;
  std::vector<Feature*> outputs;
  Buffer gradients;       ///< of all maps; places are used again where no two are needed at once
  std::size_t bytes = 0;  ///< of maps and gradients
};

/// Returns about how much memory a plan takes, without taking it.
std::size_t planned_bytes(const net::Network& network, int batch);

/// Makes the step of a layer that has no kernel of ours, the one of this index.
using StepMaker = std::function<std::unique_ptr<Step>(const net::Layer&, int)>;

/// Plans for batches of up to settings.batch images. Layers that no output needs are left out.
/// Throws std::bad_alloc where the maps do not fit.
Plan make_plan(const net::Network& network, const BackendSettings& settings,
               const StepMaker& other_step);

}  // namespace atto::train::cpu
