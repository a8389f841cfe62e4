#pragma once
// What fused blocks of measured designs take, and what a design of known and similar blocks will:
// a guide past proposals that are far too slow, never a verdict on a close one.

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "search/latency/latency_meter.hpp"

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
  /// Returns the sum of the blocks' costs, each as often as it runs: of those that were measured
  /// their mean; of others the sum of their amounts at the rates of all known blocks, corrected by
  /// what similar blocks of their family took beside it. Nothing before some designs are known.
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
  using Family = std::vector<Known>;
  /// What a unit of every amount takes.
  struct Rates {
    std::map<std::string, double> log_us;
    double other = 0;  ///< of amounts that no known block has
    double at(const std::string& amount) const;
    double log_us_of(const Block& block) const;
  };
  /// How a family departs from the rates: log(us) = rates + level + slopes . (features - centre).
  struct Departure {
    double level = 0;
    std::array<double, kBlockFeatures> slopes{}, centre{};
    double at(const Block& block) const;
  };

  Rates fit_rates() const;
  static Departure fit(const Family& family, const Rates& rates);
  double log_us(const Block& block) const;

  std::map<std::string, Family> families_;
  // Of the families as they are; emptied by add().
  mutable std::optional<Rates> rates_;
  mutable std::map<std::string, Departure> departures_;
  std::size_t designs_ = 0;
  std::vector<double> errors_;  ///< of predictions, as shares, the oldest first
};

}  // namespace atto::search
