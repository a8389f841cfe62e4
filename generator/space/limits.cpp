#include "generator/space/limits.hpp"

#include <algorithm>
#include <limits>

namespace atto::gen {

Limits::Limits(const spec::Requirements& require, double band, const net::TaskInput& input)
    : require_(require), band_(band), slots_{{input.input, {}}} {
  constexpr double kPerKib = 1.0 / 1024;
  add(require.params, &spec::Costs::params, 1, input);
  add(require.macs, &spec::Costs::macs, 1, input);
  add(require.peak_activation_kib, &spec::Costs::peak_activation_bytes, kPerKib, input);
  add(require.model_kib, &spec::Costs::model_bytes, kPerKib, input);
  if (ceilings_.empty()) band_ = 0;
}

void Limits::add(const spec::Bound& bound, std::int64_t spec::Costs::*cost, double scale,
                 const net::TaskInput& input) {
  if (bound.max) ceilings_.push_back({cost, scale, *bound.max});
  if (bound.min && *bound.min > 0) floors_.push_back({cost, scale, *bound.min});
  if (!bound.max && !bound.min) return;
  net::Shape shape = input.input;
  if (bound.at) shape.height = shape.width = *bound.at;
  auto slot = std::find_if(slots_.begin(), slots_.end(),
                           [&](const Slot& known) { return known.input == shape; });
  if (slot == slots_.end()) slot = slots_.insert(slots_.end(), Slot{shape, {}});
  slot->costs.push_back(cost);
}

double Limits::use(const spec::Costs& required) const {
  double used = 0;
  for (const Limit& ceiling : ceilings_) used = std::max(used, ceiling.share(required));
  return used;
}

double Limits::floor_share(const spec::Costs& required) const {
  double share = std::numeric_limits<double>::infinity();
  for (const Limit& floor : floors_) share = std::min(share, floor.share(required));
  return share;
}

}  // namespace atto::gen
