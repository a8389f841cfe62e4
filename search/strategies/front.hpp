#pragma once
// The front of two goals, value against cost, and what one more point would add to the area under
// it.

#include <utility>
#include <vector>

namespace atto::search {

class Front {
 public:
  /// Only what lies above `least_value` and below `most_cost` counts.
  Front(double least_value, double most_cost) : least_value_(least_value), most_cost_(most_cost) {}

  void add(double value, double cost);
  /// Returns the area that a point has beyond all points added so far.
  double gain(double value, double cost) const;

 private:
  double least_value_, most_cost_;
  std::vector<std::pair<double, double>> steps_;  ///< cost, value: both rise strictly
};

}  // namespace atto::search
