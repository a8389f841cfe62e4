#pragma once
// Judges designs by building their networks: the oracle of the generator's own counting.

#include "design_specs/requirements/design_spec.hpp"
#include "prototypes/language/prototype.hpp"

namespace atto::test {

/// Returns what the built network misses, each cost at its own resolution; nothing when it cannot
/// be built.
std::optional<std::vector<spec::Miss>> oracle_misses(const net::Prototype& prototype,
                                                     const net::TaskInput& input,
                                                     const spec::Requirements& require,
                                                     const spec::Band& band,
                                                     const net::Assignment& assignment);

/// Returns the costs of the built network.
std::optional<spec::Costs> oracle_costs(const net::Prototype& prototype,
                                        const net::TaskInput& input,
                                        const net::Assignment& assignment);

spec::Bound at_most(double max);
spec::Bound at_least(double min);

}  // namespace atto::test
