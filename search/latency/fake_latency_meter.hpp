#pragma once
// A meter that runs nothing, for campaigns on the fake evaluator: figures are a pure function of
// the design.

#include "search/latency/latency_meter.hpp"

namespace atto::search {

/// 1 ms for a million multiply-adds (of a detector, of all runs of its parts), up to 20 % more or
/// less by the design's hash, shared by the threads; int8 takes half of it, trained weights 2 %
/// more. With ATTO_FAKE_LATENCY_EXACT in the environment the hash adds nothing, which makes
/// latencies predictable. Appends the hash of what it measures, and " trained", as a line to the
/// file that ATTO_FAKE_LATENCY_LOG names.
class FakeLatencyMeter : public LatencyMeter {
 public:
  Latency measure(const LatencyRequest& request) override;
  std::vector<Block> blocks(const LatencyRequest& request) override;
  std::string host() const override { return "fake"; }
  std::string runtime() const override { return "fake"; }
};

}  // namespace atto::search
