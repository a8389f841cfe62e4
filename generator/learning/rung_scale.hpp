#pragma once
// How results at different rungs compare: each rung's values on the scale of the top rung, and how
// much less they say. Links between neighbouring rungs are regressions of the higher on the lower
// one, which promotion by the lower one does not bias.

#include <optional>
#include <vector>

namespace atto::gen {

/// A result on the common scale: standard deviations of the top rung's value between the designs of
/// the lowest rung.
struct Scaled {
  double value = 0;
  double excess = 0;  ///< variance that the rung adds to the top rung's noise
};

class RungScale {
 public:
  /// `results[i][rung]`: a design's values; absent where not reached, -infinity where lost.
  void fit(const std::vector<std::vector<std::optional<double>>>& results, std::size_t rungs);
  Scaled scaled(double value, std::size_t rung) const;
  /// Returns the correlation between a rung and the top one that the links imply.
  double correlation(std::size_t rung) const { return levels_[rung].to_top; }
  /// Returns the top rung's value at a place on the common scale, whose far tail scaled() shortens.
  double value_at(double place) const {
    return levels_.back().centre + place * levels_.back().deviation;
  }
  /// Returns one unit of the common scale in units of the top rung's values.
  double unit() const { return levels_.back().deviation; }

 private:
  struct Level {
    double centre = 0, deviation = 1;
    double to_top = 1;
  };
  std::vector<Level> levels_;
};

}  // namespace atto::gen
