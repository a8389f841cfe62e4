#pragma once
// Repetitions of a comparison as a file keeps them, and what they say.

#include <nlohmann/json.hpp>
#include <vector>

#include "search/tables/comparison.hpp"

namespace atto::search {

/// To five digits, as the file has figures.
double rounded(double value);

nlohmann::ordered_json outcomes_json(const std::vector<Outcomes>& outcomes);

/// Returns what `stored`, a kept file, says of each strategy by its label.
nlohmann::ordered_json summary(const nlohmann::ordered_json& stored);

/// Prints a line a strategy.
void print_summary(const nlohmann::ordered_json& stored, const nlohmann::ordered_json& said);

}  // namespace atto::search
