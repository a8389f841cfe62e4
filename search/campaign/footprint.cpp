#include "search/campaign/footprint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "design_specs/seeds/random.hpp"
#include "export/c/c_sizes.hpp"

namespace atto::search {
namespace {

constexpr double kKib = 1024;
constexpr std::uint64_t kTries = 300;  ///< designs that are looked at

/// By how much the worst ceiling is crossed; at most 1 where none is.
double largest_share(const spec::Requirements& require, const Footprint& footprint) {
  double share = 0;
  if (require.flash_kib.max) share = std::max(share, footprint.flash_kib / *require.flash_kib.max);
  if (require.ram_kib.max) share = std::max(share, footprint.ram_kib / *require.ram_kib.max);
  return share;
}

net::Network network_of(const net::Prototype& prototype, const net::TaskInput& input,
                        const gen::Candidate& candidate) {
  net::Realised realised = net::realise(prototype, candidate.assignment, input);
  if (!realised.network) throw InternalError("a feasible design breaks a rule: " + realised.broken);
  return std::move(*realised.network);
}

}  // namespace

Footprint footprint_of(const net::Network& network, const std::string& core) {
  const deploy::c::CSizes sizes = deploy::c::int8_sizes(network);
  return {static_cast<double>(sizes.flash_bytes(core)) / kKib,
          static_cast<double>(sizes.arena_bytes) / kKib};
}

std::string too_large(const spec::Requirements& require, const Footprint& footprint) {
  const auto crossed = [](const char* name, const spec::Bound& bound, double kib) {
    return bound.max && kib > *bound.max
               ? fmt::format("too large: {} {:.6g} KiB > {:.6g} KiB", name, kib, *bound.max)
               : std::string();
  };
  const std::string flash = crossed("flash", require.flash_kib, footprint.flash_kib);
  return flash.empty() ? crossed("RAM", require.ram_kib, footprint.ram_kib) : flash;
}

std::string judge_footprint(const spec::Requirements& require, const net::Network& network,
                            spec::Figures& figures) {
  try {
    const Footprint footprint = footprint_of(network, require.core);
    figures.flash_kib = footprint.flash_kib;
    figures.ram_kib = footprint.ram_kib;
    return too_large(require, footprint);
  } catch (const SpecError& error) {
    return "cannot be written as int8 C: " + error.problems().front().rule;
  }
}

std::function<bool(const gen::Candidate&)> fits_device(const net::Prototype& prototype,
                                                       const net::TaskInput& input,
                                                       const spec::Requirements& require) {
  if (!require.asks_footprint()) return {};
  return [&prototype, input, require](const gen::Candidate& candidate) {
    spec::Figures figures;
    return judge_footprint(require, network_of(prototype, input, candidate), figures).empty();
  };
}

std::optional<gen::Candidate> find_fitting(const gen::FeasibleSpace& space,
                                           const spec::Requirements& require, std::uint64_t seed,
                                           std::string& tried) {
  gen::Workspace workspace;
  std::string nearest;
  double share = 0;
  std::uint64_t drawn = 0;
  for (; drawn < kTries; ++drawn) {
    spec::Random random(spec::derive_seed({seed, drawn}));
    std::optional<gen::Candidate> candidate = space.sample(random, workspace);
    if (!candidate) break;
    spec::Figures figures;
    const std::string refusal =
        judge_footprint(require, network_of(space.prototype(), space.input(), *candidate), figures);
    if (refusal.empty()) return candidate;
    const double own =
        figures.flash_kib ? largest_share(require, {*figures.flash_kib, *figures.ram_kib}) : 1e300;
    if (!nearest.empty() && own >= share) continue;
    share = own;
    nearest = refusal;
  }
  tried = fmt::format("none of {} designs drawn within the other limits fits; the nearest: {}",
                      drawn, nearest);
  return {};
}

}  // namespace atto::search
