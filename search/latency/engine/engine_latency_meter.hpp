#pragma once
// Measures what a design takes on this machine: lowered like an export, run from memory by the edge
// engine.

#include "search/latency/latency_meter.hpp"

namespace atto::search {

class EngineLatencyMeter : public LatencyMeter {
 public:
  Latency measure(const LatencyRequest& request) override;
  /// Runs the network once, to know its kernels.
  std::vector<Block> blocks(const LatencyRequest& request) override;
  /// "HOST, CPU model".
  std::string host() const override;
  /// "VERSION, instruction-set level".
  std::string runtime() const override;
};

}  // namespace atto::search
