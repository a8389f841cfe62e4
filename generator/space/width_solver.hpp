#pragma once
// Widths for a decided structure: relative widths are drawn, one common scale is solved onto the
// grid so that every ceiling holds, and what is left of the budget is filled in a random order.

#include <vector>

#include "design_specs/seeds/random.hpp"
#include "generator/space/cost_model.hpp"
#include "generator/space/preference.hpp"
#include "generator/space/width_domains.hpp"

namespace atto::gen {

/// What is known of a structure at its smallest and largest widths.
struct WidthEnds {
  double use_smallest = 0, use_largest = 0;  ///< of the tightest ceiling
  double floor_largest = 0;  ///< share of the worst floor that the largest widths reach
};

/// The widths of one structure under work. The position of a width on its grid is k * o / (1 + k *
/// o) for its odds o and the common scale k: monotone in k, from the smallest width to the largest,
/// whatever the odds.
class WidthSolver {
 public:
  WidthSolver(const CostModel& model, const DecisionForest& forest)
      : model_(&model), forest_(&forest) {}

  /// Starts on a structure that is built; false when its rules leave some width no alternative
  /// (`domains().broken_node()` says where).
  bool start(net::Assignment& assignment, BuiltStructure& built);
  const WidthDomains& domains() const { return domains_; }

  /// Costs the smallest and the largest widths; false when they break a rule (built.broken_node).
  bool measure_ends(WidthEnds& ends);

  /// Draws odds: independent, with a spread and a trend from the first width to the last drawn per
  /// design, and shifted by the preference. It also orders how leftover budget is filled: what is
  /// preferred wide is likely to grow first.
  void draw_odds(spec::Random& random, const Preference* preference = nullptr);
  /// Takes odds from the assignment's widths, so that scale 1 gives them back.
  void take_odds();

  /// Sets the widths so that all limits hold, near a share of the tightest ceiling that is drawn
  /// between band and 1; false when that did not work out. `ends` are those of measure_ends().
  bool solve(const WidthEnds& ends, spec::Random& random);
  /// Sets the widths of scale 1; returns whether all limits hold there.
  bool try_unscaled();
  /// Returns the required costs of the widths that were set last.
  const spec::Costs& required() const { return required_; }

 private:
  struct Factor {
    WidthDomains::Domain domain;
    double odds = 1;
    double position = 0;   ///< from -1, the first width of the network, to 1
    double eagerness = 0;  ///< log-weight of its turn when leftover budget is filled
  };

  void place(double scale);
  bool count();
  void scale_to(double target, const WidthEnds& ends);
  void bend_by(double change);
  void bend_to_floors(double target, const WidthEnds& ends);
  void fill(double target, double goal, spec::Random& random);
  void draw_order(spec::Random& random);
  std::int32_t& choice(const Factor& factor) {
    return (*assignment_)[static_cast<std::size_t>(factor.domain.decision)];
  }

  const CostModel* model_;
  const DecisionForest* forest_;
  net::Assignment* assignment_ = nullptr;
  BuiltStructure* built_ = nullptr;
  WidthDomains domains_;
  std::vector<Factor> factors_;
  std::vector<std::int32_t> order_;
  std::vector<double> turns_;
  bool is_eager_ = false;  ///< whether some eagerness differs from the others
  spec::Costs required_;
};

}  // namespace atto::gen
