#include "generator/space/limits.hpp"

#include <algorithm>
#include <limits>

namespace atto::gen {

Limits::Limits(const spec::Requirements& require, const spec::Band& band,
               const net::TaskInput& input)
    : require_(require), band_(band), slots_{{input.input, {}}} {
  constexpr double kPerKib = 1.0 / 1024;
  add(require.params, band.params, &spec::Costs::params, 1, input);
  add(require.macs, band.macs, &spec::Costs::macs, 1, input);
  add(require.peak_activation_kib, band.peak_activation_kib, &spec::Costs::peak_activation_bytes,
      kPerKib, input);
  add(require.model_kib, band.model_kib, &spec::Costs::model_bytes, kPerKib, input);
  if (!has_counted_ceiling()) band_ = 0;
  add_least(require.flash_kib, &spec::Costs::least_flash_bytes);
  add_least(require.ram_kib, &spec::Costs::least_ram_bytes);
  least_use_ = band_.any;
  for (const Limit& ceiling : ceilings_)
    for (const Limit& floor : floors_)
      if (floor.cost == ceiling.cost)
        least_use_ = std::max(least_use_, std::min(1.0, floor.value / ceiling.value));
}

void Limits::add(const spec::Bound& bound, double share, std::int64_t spec::Costs::*cost,
                 double scale, const net::TaskInput& input) {
  if (bound.max) ceilings_.push_back({cost, scale, *bound.max});
  if (bound.max && share > 0) floors_.push_back({cost, scale, share * *bound.max});
  if (bound.min && *bound.min > 0) floors_.push_back({cost, scale, *bound.min});
  if (!bound.max && !bound.min) return;
  net::Shape shape = input.input;
  if (bound.at) shape.height = shape.width = *bound.at;
  auto slot = std::find_if(slots_.begin(), slots_.end(),
                           [&](const Slot& known) { return known.input == shape; });
  if (slot == slots_.end()) slot = slots_.insert(slots_.end(), Slot{shape, {}});
  slot->costs.push_back(cost);
}

/// Of the trained resolution, as the network is exported.
void Limits::add_least(const spec::Bound& bound, std::int64_t spec::Costs::*cost) {
  if (!bound.max) return;
  ceilings_.push_back({cost, 1.0 / 1024, *bound.max, false});
  slots_.front().costs.push_back(cost);
}

bool Limits::has_counted_ceiling() const {
  return std::any_of(ceilings_.begin(), ceilings_.end(),
                     [](const Limit& ceiling) { return ceiling.is_counted; });
}

double Limits::band_use(const spec::Costs& required) const {
  double used = 0;
  for (const Limit& ceiling : ceilings_)
    if (ceiling.is_counted) used = std::max(used, ceiling.share(required));
  return used;
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

int Limits::bend(const spec::Costs& required) const {
  const auto by_share = [&](const Limit& a, const Limit& b) {
    return a.share(required) < b.share(required);
  };
  const auto floor = std::min_element(floors_.begin(), floors_.end(), by_share);
  const auto ceiling = std::max_element(ceilings_.begin(), ceilings_.end(), by_share);
  if (floor == floors_.end() || ceiling == ceilings_.end() || floor->share(required) >= 1) return 0;
  const auto is_late = [](const Limit& limit) {
    return limit.cost == &spec::Costs::params || limit.cost == &spec::Costs::model_bytes ||
           limit.cost == &spec::Costs::least_flash_bytes;
  };
  return int{is_late(*floor)} - int{is_late(*ceiling)};
}

}  // namespace atto::gen
