#include "export/runtime/level.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <string>

#include "export/runtime/kernels/i8/kernels.hpp"

#if defined(__aarch64__)
#  include <asm/hwcap.h>
#  include <sys/auxv.h>
#endif

namespace atto::edge {
namespace {

/// In the order of Level.
constexpr std::array<std::string_view, 8> kNames = {
    "scalar", "avx2", "avx512", "avx512_vnni", "avx512_bf16", "neon", "neon_dotprod", "wasm128"};

/// A level of this architecture.
struct Row {
  Level level;
  bool (*is_here)();           ///< on a CPU that has the rows above
  const Kernels& (*floats)();  ///< of float32 and bf16
  const I8Kernels& (*bytes)();
};

#if defined(__x86_64__)
constexpr Row kRows[] = {
    {.level = Level::Scalar,
     .is_here = [] { return true; },
     .floats = f32_first_kernels,
     .bytes = i8_plain_kernels},
    {.level = Level::Avx2,
     .is_here =
         [] {
           return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi2");
         },
     .floats = f32_avx2_kernels,
     .bytes = i8_avx2_kernels},
    {.level = Level::Avx512,
     .is_here =
         [] {
           return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
         },
     .floats = f32_avx512_kernels,
     .bytes = i8_avx2_kernels},
    {.level = Level::Avx512Vnni,
     .is_here = [] { return __builtin_cpu_supports("avx512vnni") != 0; },
     .floats = f32_avx512_kernels,
     .bytes = i8_vnni_kernels},
    {.level = Level::Avx512Bf16,
     .is_here = [] { return __builtin_cpu_supports("avx512bf16") != 0; },
     .floats = avx512_bf16_kernels,
     .bytes = i8_vnni_kernels},
};
// Measured on an Emerald Rapids: 89 GFLOP/s of vdpbf16ps, 179 of multiply-adds of floats.
bool is_slower_than_the_one_before(Level level) {
  return level == Level::Avx512Bf16 && __builtin_cpu_is("intel");
}
#else
#  if defined(__aarch64__)
constexpr Row kRows[] = {
    {.level = Level::Neon,
     .is_here = [] { return true; },
     .floats = f32_first_kernels,
     .bytes = i8_neon_kernels},
    {.level = Level::NeonDotprod,
     .is_here = [] { return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; },
     .floats = f32_first_kernels,
     .bytes = i8_dotprod_kernels},
};
#  elif defined(__wasm_simd128__)
constexpr Row kRows[] = {{.level = Level::Wasm128,
                          .is_here = [] { return true; },
                          .floats = f32_first_kernels,
                          .bytes = i8_wasm128_kernels}};
#  else
constexpr Row kRows[] = {{.level = Level::Scalar,
                          .is_here = [] { return true; },
                          .floats = f32_first_kernels,
                          .bytes = i8_plain_kernels}};
#  endif
bool is_slower_than_the_one_before(Level /*level*/) {
  return false;
}
#endif

/// The level that a person asks for; null where nobody does.
const char* wanted_level() {
#if defined(__wasm__)
  return nullptr;  // there is no environment
#else
  return std::getenv("ATTO_ISA");
#endif
}

const Row& row_of(Level level) {
  std::size_t row = std::size(kRows) - 1;
  while (row > 0 && kRows[row].level != level) --row;
  return kRows[row];
}

}  // namespace

const Kernels& kernels_of(Level level) {
  return row_of(level).floats();
}

const I8Kernels& i8_kernels_of(Level level, bool fits_int32) {
  return fits_int32 ? row_of(level).bytes() : i8_plain_kernels();
}

std::string_view level_name(Level level) {
  return kNames[static_cast<std::size_t>(level)];
}

std::optional<Level> level_named(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Level>(found - kNames.begin());
}

std::vector<Level> available_levels() {
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  std::vector<Level> levels;
  for (const Row& row : kRows) {
    if (!row.is_here()) break;
    levels.push_back(row.level);
  }
  return levels;
}

Level chosen_level() {
  const std::vector<Level> levels = available_levels();
  const char* wanted = wanted_level();
  if (wanted == nullptr || *wanted == '\0')
    return is_slower_than_the_one_before(levels.back()) ? levels.end()[-2] : levels.back();
  const std::optional<Level> level = level_named(wanted);
  if (!level || std::find(levels.begin(), levels.end(), *level) == levels.end())
    throw LevelError("ATTO_ISA: this CPU and build have no level \"" + std::string(wanted) + "\"");
  return *level;
}

}  // namespace atto::edge
