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
  /// No int8 C file of the network has less constants, and none needs less memory.
  std::int64_t least_flash_bytes = 0, least_ram_bytes = 0;

  friend bool operator==(const Costs&, const Costs&) = default;
};

/// What is measured of a design before it is trained; absent where none was asked for.
struct Figures {
  std::optional<double> latency_ms;
  std::optional<double> flash_kib, ram_kib;  ///< of the int8 C file

  friend bool operator==(const Figures&, const Figures&) = default;
};

struct Metrics {
  Costs costs;
  ScoreValues scores;  ///< validation; empty before training
  Figures figures;
  bool diverged = false;
};

/// Returns 20 log10(a^alpha / (p^beta m^gamma)), a = `share` in percent, p = millions of
/// parameters, m = billions of multiply-adds (Wong, NetScore, arXiv 1806.05512). -infinity where a
/// is 0. Counts below 1 are taken as 1.
double netscore(double share, const Costs& costs, double alpha, double beta, double gamma);

}  // namespace atto::spec
