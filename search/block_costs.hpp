#pragma once
// What fused blocks of measured designs take, and what a design of known and similar blocks will:
// a guide past proposals that are far too slow, never a verdict on a close one.

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "search/latency_meter.hpp"

namespace atto::search {

/// How predictions of designs that were not known then compare with what was measured.
struct PredictionQuality {
  std::size_t designs = 0;                  ///< the newest kJudgedDesigns at most
  double median_error = 0, tail_error = 0;  ///< shares; nine of ten designs are within the tail
  bool is_trusted() const;
};

/// So many designs decide, by these shares; a trusted prediction of so many times the ceiling
/// spares a design its measurement.
inline constexpr std::size_t kJudgedDesigns = 50;
inline constexpr double kMedianErrorAllowed = 0.05, kTailErrorAllowed = 0.20;
inline constexpr double kFarTooSlow = 1.3;

class BlockCosts {
 public:
  /// Returns the sum of the blocks' costs: of those that were measured their mean, of others what
  /// similar ones of their family suggest. Nothing before some designs are known.
  std::optional<double> predict_ms(const std::vector<Block>& blocks) const;
  /// Learns a measured design, and what was predicted before it was.
  void add(const Latency& measured, std::optional<double> predicted_ms);
  PredictionQuality quality() const;

 private:
  struct Known {
    Block block;
    double log_us = 0;  ///< mean
    int count = 0;
  };
  /// log(us) - log(work) = a + c . features, shrunk to a.
  struct Fit {
    std::array<double, kBlockFeatures + 1> coefficients{};
    double at(const Block& block) const;
  };
  using Family = std::vector<Known>;

  static Fit fit(const std::vector<const Known*>& known);
  double log_us(const Block& block) const;

  std::map<std::string, Family> families_;
  mutable std::map<std::string, Fit> fits_;  ///< of families as they are; emptied by add()
  std::size_t designs_ = 0;
  std::vector<double> errors_;  ///< of predictions, as shares, the oldest first
};

}  // namespace atto::search
