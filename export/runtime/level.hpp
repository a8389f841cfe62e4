#pragma once
// The instruction-set levels: what this CPU has, and the override ATTO_ISA. level.cpp has the
// table.

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace atto::edge {

/// A CPU that has a level has those before it (of its own architecture). Later levels are faster;
/// Avx512Bf16, which differs from Avx512Vnni in models of bf16 alone, is not on Intel's CPUs.
enum class Level : std::uint8_t {
  Scalar,
  Avx2,
  Avx512,
  Avx512Vnni,
  Avx512Bf16,
  Neon,
  NeonDotprod,
  Wasm128
};

/// "scalar", "avx2", "avx512", "avx512_vnni", "avx512_bf16", "neon", "neon_dotprod", "wasm128".
std::string_view level_name(Level level);
std::optional<Level> level_named(std::string_view name);

/// Returns what this build has and this CPU can run, slowest first; never empty.
std::vector<Level> available_levels();

/// ATTO_ISA names what is not there: a person's mistake.
struct LevelError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// Returns the fastest, or the one that the environment variable ATTO_ISA names. Throws LevelError
/// when that one is unknown or not available.
Level chosen_level();

}  // namespace atto::edge
