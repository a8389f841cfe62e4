#pragma once
// How far designs are from the limits, and a walk that takes them nearer: a witness where one was
// hard to draw, else the requirement that is in the way.

#include <string>
#include <vector>

#include "generator/space/feasible_space.hpp"

namespace atto::gen {

/// The requirement that a design misses most.
struct Shortfall {
  double distance = 0;  ///< logarithm of the factor between cost and limit; 0 = all are met
  std::string text;     ///< "/require/params/max by 12.3 %"
};

Shortfall shortfall(const spec::Requirements& require, const spec::Band& band,
                    const spec::Costs& required);

struct NearestMiss {
  net::Assignment assignment;  ///< empty where no choices fitted together
  Shortfall misses;
  int tried = 0;  ///< designs
};

/// Changes single decisions of the nearest of some designs, drawn ones among them, as long as that
/// takes it no further away.
NearestMiss walk_to_limits(const FeasibleSpace& space, const std::vector<net::Assignment>& starts,
                           spec::Random& random);

}  // namespace atto::gen
