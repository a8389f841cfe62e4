#pragma once
// What functions take on the cores of spec::kCores, in its order: GCC 12, -O2. Made and held to the
// compiler by scripts/bench/mcu/code_bytes.py.

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "design_specs/requirements/design_spec.hpp"

namespace atto::deploy::c {

inline constexpr std::size_t kColumns = spec::kCores.size();

/// What every file has, and each call of a kernel.
inline constexpr double kFrameBytes[kColumns] = {128, 94, 92, 128, 128, 114, 119};
inline constexpr double kStepBytes[kColumns] = {104, 81, 71, 104, 104, 109, 92};

struct KernelBytes {
  std::string_view file;
  double bytes[kColumns];
};
inline constexpr KernelBytes kKernelBytes[] = {
    {"i8_add.c", {273, 174, 129, 273, 273, 268, 200}},
    {"i8_average_pool.c", {540, 480, 434, 540, 540, 560, 442}},
    {"i8_bilinear.c", {502, 522, 477, 502, 502, 489, 619}},
    {"i8_conv.c", {1745, 631, 558, 1745, 1745, 1903, 649}},
    {"i8_deconv.c", {378, 722, 610, 378, 378, 402, 746}},
    {"i8_dense.c", {128, 94, 92, 128, 128, 114, 119}},
    {"i8_depthwise.c", {1826, 793, 681, 1826, 1826, 1940, 816}},
    {"i8_gather.c", {-147, 111, 140, -147, -147, -132, 67}},
    {"i8_layer_norm.c", {-134, 237, 233, -134, -134, -72, 368}},
    {"i8_max_pool.c", {115, 89, 54, 115, 115, 122, 69}},
    {"i8_multiply.c", {-488, -34, -43, -488, -488, -541, 39}},
    {"i8_outputs.c", {128, 94, 92, 128, 128, 114, 119}},
    {"i8_pixels.c", {128, 94, 92, 128, 128, 114, 119}},
    {"i8_pool_to.c", {-100, 26, 23, -100, -100, -64, 72}},
    {"i8_table.c", {-26, 5, 13, -26, -26, 21, 39}},
    {"i8_upsample.c", {230, 378, 304, 230, 230, 262, 338}},
    {"i8_values.c", {128, 94, 92, 128, 128, 114, 119}},
};

/// Returns the column of a core; the first where it is none of them.
inline std::size_t core_column(std::string_view core) {
  const auto found = std::find(spec::kCores.begin(), spec::kCores.end(), core);
  return found == spec::kCores.end() ? 0 : static_cast<std::size_t>(found - spec::kCores.begin());
}

}  // namespace atto::deploy::c
