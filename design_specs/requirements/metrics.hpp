#pragma once
// What is known of a design: its costs, and after training its scores; and NetScore, which weighs
// both.

#include <cstdint>
#include <optional>
#include <string>

#include "design_specs/requirements/task_kind.hpp"

namespace atto::spec {

/// Costs by the counting rule (docs/counting.md).
struct Costs {
  std::int64_t params = 0;
  std::int64_t macs = 0;
  std::int64_t peak_activation_bytes = 0;  ///< float32, batch 1
  std::int64_t model_bytes = 0;            ///< weights at float32 with folded batch norm

  friend bool operator==(const Costs&, const Costs&) = default;
};

struct Metrics {
  Costs costs;
  ScoreValues scores;                ///< validation; empty before training
  std::optional<double> latency_ms;  ///< absent where not measured
  bool diverged = false;
};

/// Returns 20 log10(a^alpha / (p^beta m^gamma)), a = `share` in percent, p = millions of
/// parameters, m = billions of multiply-adds (Wong, NetScore, arXiv 1806.05512). -infinity where a
/// is 0. Counts below 1 are taken as 1.
double netscore(double share, const Costs& costs, double alpha, double beta, double gamma);

}  // namespace atto::spec
