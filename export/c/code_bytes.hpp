#pragma once
// What functions take on the cores of spec::kCores, in its order: GCC 12, -O2. Measured and held to
// the compiler by scripts/bench/mcu/code_bytes.py. Kernels are as large in every network: see
// kernels/helper.h.

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "design_specs/requirements/design_spec.hpp"

namespace atto::deploy::c {

inline constexpr std::size_t kColumns = spec::kCores.size();

/// What every file has beside kernels.
inline constexpr double kFrameBytes[kColumns] = {151, 133, 157, 151, 151, 160, 215};

struct KernelBytes {
  std::string_view kernel;
  double code[kColumns];  ///< its functions, once
  double call[kColumns];  ///< about what a call of it takes
};
inline constexpr KernelBytes kKernelBytes[] = {
    {"i8_add", {212, 240, 224, 220, 216, 232, 304}, {23, 26, 23, 23, 23, 22, 30}},
    {"i8_average_pool", {412, 476, 396, 416, 412, 420, 482}, {18, 24, 19, 18, 18, 18, 23}},
    {"i8_bilinear", {464, 532, 460, 468, 448, 464, 568}, {19, 23, 20, 19, 19, 20, 23}},
    {"i8_conv", {2980, 1468, 1356, 2960, 2984, 3204, 1536}, {25, 32, 25, 25, 25, 25, 30}},
    {"i8_deconv", {368, 724, 592, 368, 368, 348, 760}, {19, 36, 22, 19, 19, 18, 26}},
    {"i8_dense", {636, 732, 640, 632, 632, 604, 842}, {22, 22, 22, 22, 22, 22, 22}},
    {"i8_depthwise", {2588, 1148, 1036, 2572, 2544, 2708, 1182}, {21, 26, 21, 21, 21, 21, 28}},
    {"i8_gather", {120, 112, 120, 120, 120, 120, 164}, {26, 33, 27, 26, 26, 25, 30}},
    {"i8_layer_norm", {472, 564, 472, 480, 476, 440, 676}, {25, 32, 22, 25, 25, 24, 30}},
    {"i8_max_pool", {220, 280, 216, 228, 216, 248, 258}, {14, 16, 13, 14, 14, 14, 16}},
    {"i8_multiply", {296, 432, 364, 300, 300, 304, 528}, {21, 19, 21, 21, 21, 24, 20}},
    {"i8_outputs", {40, 48, 52, 40, 40, 44, 88}, {27, 32, 23, 27, 27, 26, 31}},
    {"i8_pixels", {56, 60, 56, 56, 56, 68, 54}, {0, 0, 0, 0, 0, 0, 0}},
    {"i8_pool_to", {776, 820, 748, 796, 768, 804, 928}, {16, 20, 16, 16, 16, 14, 23}},
    {"i8_table", {28, 24, 28, 28, 28, 36, 30}, {14, 19, 13, 14, 14, 13, 19}},
    {"i8_upsample", {112, 160, 112, 112, 112, 112, 128}, {21, 28, 21, 21, 21, 21, 23}},
    {"i8_values", {140, 156, 160, 140, 140, 156, 214}, {0, 0, 0, 0, 0, 0, 0}},
    {"softmax", {196, 244, 220, 192, 196, 188, 264}, {20, 20, 20, 20, 20, 20, 20}},
};

/// Returns the column of a core; the first where it is none of them.
inline std::size_t core_column(std::string_view core) {
  const auto found = std::find(spec::kCores.begin(), spec::kCores.end(), core);
  return found == spec::kCores.end() ? 0 : static_cast<std::size_t>(found - spec::kCores.begin());
}

}  // namespace atto::deploy::c
