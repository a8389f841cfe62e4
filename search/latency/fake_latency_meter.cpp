#include "search/latency/fake_latency_meter.hpp"

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "design_specs/seeds/random.hpp"
#include "prototypes/network/costs.hpp"

namespace atto::search {
namespace {

Block block_of(double macs, double runs) {
  return {std::to_string(macs), "fake", {{"macs", macs}}, {std::log(macs)}, runs};
}

}  // namespace

Latency FakeLatencyMeter::measure(const LatencyRequest& request) {
  if (const char* log = std::getenv("ATTO_FAKE_LATENCY_LOG"))
    std::ofstream(log, std::ios::app)
        << request.hash << (request.trained.empty() ? "" : " trained") << "\n";
  const double share = std::getenv("ATTO_FAKE_LATENCY_EXACT")
                           ? 0.5
                           : spec::Random(spec::hash_bytes(request.hash)).uniform();
  double factor = (0.8 + 0.4 * share) / request.setting.threads;
  if (request.setting.precision != spec::LatencyPrecision::Fp32) factor /= 2;
  if (!request.trained.empty()) factor *= 1.02;
  Latency latency;
  double macs = 0;
  for (Block& block : blocks(request)) {
    const double work = block.amounts.at("macs");
    macs += work * block.runs;
    const double us = work * factor / 1000;
    latency.blocks.push_back({std::move(block), us});
  }
  latency.median_ms = macs * 1e-6 * factor;
  latency.low_ms = 0.99 * latency.median_ms;
  latency.high_ms = 1.02 * latency.median_ms;
  latency.runs = 1;
  return latency;
}

std::vector<Block> FakeLatencyMeter::blocks(const LatencyRequest& request) {
  std::vector<Block> found;
  if (request.design.detector)
    for (const net::PartCosts& part : net::part_costs(*request.design.detector))
      found.push_back(block_of(double(part.macs) / double(part.runs), double(part.runs)));
  else
    for (const net::LayerCosts& layer : net::layer_costs(*request.design.network))
      if (layer.macs > 0) found.push_back(block_of(double(layer.macs), 1));
  return found;
}

}  // namespace atto::search
