#include "tests/generator/space/budget_oracle.hpp"

#include "prototypes/network/costs.hpp"

namespace atto::test {

std::optional<spec::Costs> oracle_costs(const net::Prototype& prototype,
                                        const net::TaskInput& input,
                                        const net::Assignment& assignment) {
  const net::Realised built = net::realise(prototype, assignment, input);
  if (!built.broken.empty()) return {};
  return built.costs();
}

std::optional<std::vector<spec::Miss>> oracle_misses(const net::Prototype& prototype,
                                                     const net::TaskInput& input,
                                                     const spec::Requirements& require,
                                                     const spec::Band& band,
                                                     const net::Assignment& assignment) {
  if (!oracle_costs(prototype, input, assignment)) return {};
  const spec::Costs required = spec::required_costs(require, [&](std::optional<int> at) {
    net::TaskInput there = input;
    if (at) there.input.height = there.input.width = *at;
    return oracle_costs(prototype, there, assignment).value();
  });
  return spec::cost_misses(require, band, required);
}

spec::Bound at_most(double max) {
  spec::Bound bound;
  bound.max = max;
  return bound;
}

spec::Bound at_least(double min) {
  spec::Bound bound;
  bound.min = min;
  return bound;
}

}  // namespace atto::test
