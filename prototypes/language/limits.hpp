#pragma once
// Bounds of the language. They keep a hostile file from asking for more than a machine has; no
// network that fits a device comes near them.

#include <cstddef>
#include <cstdint>

namespace atto::net {

inline constexpr std::int64_t kMaxWidth = 65536;
inline constexpr std::int64_t kMaxWrittenKernel = 31;
inline constexpr std::int64_t kMaxStride = 16;
inline constexpr std::int64_t kMaxWrittenSide = 4096;
inline constexpr std::int64_t kMaxClasses = 65536;
inline constexpr std::int64_t kMaxStages = 64;
inline constexpr std::int64_t kMaxModulesPerStage = 64;
inline constexpr std::size_t kMaxBranches = 16;
inline constexpr std::size_t kMaxSources = 16;         ///< of one "from"
inline constexpr int kMaxNesting = 8;                  ///< of bodies inside of a module
inline constexpr std::int64_t kMaxOperators = 20'000;  ///< of all alternatives together
inline constexpr std::int64_t kMaxDecisions = 20'000;
inline constexpr std::int64_t kMaxAlternatives = 4096;  ///< of one hole
inline constexpr std::int64_t kMaxAllAlternatives = 500'000;
inline constexpr std::int64_t kMaxChainLength = 64;  ///< of a free-form chain
inline constexpr std::int64_t kMaxCrop = 64;         ///< side of a detector's crops
inline constexpr std::int64_t kMaxExtraLevels = 4;
inline constexpr double kMaxTimes = 64;
inline constexpr double kMaxInit = 16;   ///< of a layer scale
inline constexpr double kMaxRate = 0.9;  ///< of a dropout

}  // namespace atto::net
