#pragma once
// Assignments drawn without the generator: uniform over what exists.

#include <string_view>
#include <vector>

#include "design_specs/seeds/random.hpp"
#include "prototypes/language/prototype.hpp"

namespace atto::test {

/// Takes every existing decision by `pick(decision)`, parents first.
template <class Pick>
net::Assignment taken(const net::Prototype& prototype, Pick&& pick) {
  const auto& decisions = prototype.decisions();
  net::Assignment assignment(decisions.size(), net::kInactive);
  for (std::size_t d = 0; d < decisions.size(); ++d)
    if (net::is_active(decisions, assignment, static_cast<net::DecisionId>(d)))
      assignment[d] = pick(decisions[d]);
  return assignment;
}

net::Assignment random_assignment(const net::Prototype& prototype, spec::Random& random);
net::Prototype prototype_of(std::string_view text);
/// Reads every prototype in prototypes/, by file name.
std::vector<net::Prototype> shipped();

/// The network, or those of the parts of a detector.
std::vector<const net::Network*> networks_of(const net::Realised& realised);

}  // namespace atto::test
