#pragma once
// What `atto bench` counts speed in, and compares it with.

#include <string_view>

#include "export/format/program.hpp"
#include "export/runtime/level.hpp"

namespace atto::cli {

/// Of a precision.
struct Scale {
  std::string_view precision, unit, peak_name, peak_key;
  double (*measure_peak)(edge::Level level);  ///< of one core, in the unit
};
const Scale& scale_of(const format::Program& program);

/// Multiply-adds in a time, in the units of scales.
double gflops_of(double macs, double ms);

}  // namespace atto::cli
