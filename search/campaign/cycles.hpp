#pragma once
// What a learning strategy held after each cycle, as the ledger keeps it.

#include <optional>
#include <string>

#include "search/ledger/ledger.hpp"
#include "search/strategies/strategy.hpp"

namespace atto::search {

/// An insight as JSON, and back without loss. Reading throws InternalError.
std::string insight_text(const Insight& insight);
Insight read_insight(const std::string& text);

/// Returns theta at the end of the tier above, as it was when this tier began: recorded at the
/// first call, so that a later raise of that tier's candidates changes nothing here.
gen::Theta theta_at_start(Ledger& ledger, int tier, const gen::Theta& of_tier_above);

}  // namespace atto::search
