#include "search/cli/bench_scale.hpp"

#include <algorithm>
#include <iterator>

#include "export/measuring/fma_peak.hpp"

namespace atto::cli {
namespace {

constexpr Scale kScales[] = {
    {"fp32", "GFLOP/s", "FMA", "fma_peak_gflops", measuring::measure_fma_peak},
    {"bf16", "GFLOP/s", "bf16", "bf16_peak_gflops", measuring::measure_bf16_peak},
    {"int8", "GOP/s", "int8", "int8_peak_gops", measuring::measure_int8_peak}};

}  // namespace

const Scale& scale_of(const format::Program& program) {
  const auto* found = std::find_if(std::begin(kScales), std::end(kScales), [&](const Scale& scale) {
    return scale.precision == program.precision;
  });
  return found == std::end(kScales) ? kScales[0] : *found;
}

double gflops_of(double macs, double ms) {
  return 2 * macs / (ms * 1e6);
}

}  // namespace atto::cli
