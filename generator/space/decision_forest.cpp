#include "generator/space/decision_forest.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <unordered_map>

#include "design_specs/errors.hpp"

namespace atto::gen {

using net::DecisionId;

std::string_view module_of(std::string_view path) {
  constexpr std::string_view kModules = ".modules";
  const std::size_t at = path.find(kModules);
  if (at == std::string_view::npos) return {};
  const std::size_t open = path.find_first_of("[.", at + kModules.size());
  if (open == std::string_view::npos || path[open] != '[') return {};
  const std::size_t close = path.find(']', open);
  return close == std::string_view::npos ? std::string_view() : path.substr(0, close + 1);
}

DecisionForest::DecisionForest(const net::Prototype& prototype,
                               const std::vector<Restriction>& restrictions)
    : decisions_(&prototype.decisions()), allowed_(decisions_->size()), scope_(decisions_->size()) {
  for (std::size_t d = 0; d < size(); ++d)
    for (std::int32_t i = 0; i < (*decisions_)[d].alternatives; ++i) allowed_[d].push_back(i);
  for (const Restriction& restriction : restrictions) {
    auto& allowed = allowed_.at(static_cast<std::size_t>(restriction.decision));
    std::erase_if(allowed, [&](std::int32_t i) {
      return std::find(restriction.allowed.begin(), restriction.allowed.end(), i) ==
             restriction.allowed.end();
    });
    if (allowed.empty())
      throw InternalError("restrictions leave no alternative of " + at(restriction.decision).path);
  }
  std::unordered_map<std::string_view, std::int32_t> numbers;
  for (std::size_t d = 0; d < size(); ++d) {
    const std::string& path = (*decisions_)[d].path;
    const std::string_view module = module_of(path);
    const auto [it, is_new] = numbers.try_emplace(module.empty() ? std::string_view(path) : module,
                                                  static_cast<std::int32_t>(scope_members_.size()));
    if (is_new) scope_members_.emplace_back();
    scope_[d] = it->second;
    scope_members_[static_cast<std::size_t>(it->second)].push_back(static_cast<DecisionId>(d));
    has_free_width_ |= is_width(static_cast<DecisionId>(d)) && allowed_[d].size() > 1;
  }
}

DecisionForest DecisionForest::taking(DecisionId id, std::int32_t alternative) const {
  DecisionForest forest = *this;
  forest.allowed_[static_cast<std::size_t>(id)] = {alternative};
  return forest;
}

void DecisionForest::fill(net::Assignment& assignment, spec::Random& random,
                          const Preference* preference) const {
  std::vector<double> weights;
  for (std::size_t d = 0; d < size(); ++d) {
    if (!exists(assignment, static_cast<DecisionId>(d)))
      assignment[d] = net::kInactive;
    else if (assignment[d] == net::kInactive && allowed_[d].size() == 1)
      assignment[d] = allowed_[d][0];
    else if (assignment[d] == net::kInactive && preference &&
             !is_width(static_cast<DecisionId>(d))) {
      preference->weigh(static_cast<DecisionId>(d), assignment, allowed_[d], weights);
      assignment[d] = allowed_[d][random.weighted(weights)];
    } else if (assignment[d] == net::kInactive)
      assignment[d] = allowed_[d][random.below(allowed_[d].size())];
  }
}

void DecisionForest::restrict(net::Assignment& assignment) const {
  for (std::size_t d = 0; d < size(); ++d) {
    if (assignment[d] == net::kInactive) continue;
    const auto& allowed = allowed_[d];
    const auto above = std::lower_bound(allowed.begin(), allowed.end(), assignment[d]);
    if (above == allowed.end())
      assignment[d] = allowed.back();
    else if (above == allowed.begin() ||
             *above - assignment[d] <= assignment[d] - *std::prev(above))
      assignment[d] = *above;
    else
      assignment[d] = *std::prev(above);
  }
}

bool DecisionForest::is_complete(const net::Assignment& assignment) const {
  if (assignment.size() != size()) return false;
  for (std::size_t d = 0; d < size(); ++d) {
    const bool exists_here = exists(assignment, static_cast<DecisionId>(d));
    if (exists_here != (assignment[d] != net::kInactive)) return false;
    if (exists_here && (assignment[d] < 0 || assignment[d] >= (*decisions_)[d].alternatives))
      return false;
  }
  return true;
}

double DecisionForest::log10_size() const {
  // per_choice[d][i]: log10 of the ways to take everything below alternative i of decision d.
  std::vector<std::vector<double>> per_choice(size());
  for (std::size_t d = 0; d < size(); ++d) per_choice[d].assign(allowed_[d].size(), 0.0);
  double total = 0;
  for (std::size_t d = size(); d-- > 0;) {
    const double largest = *std::max_element(per_choice[d].begin(), per_choice[d].end());
    double sum = 0;
    for (const double ways : per_choice[d]) sum += std::pow(10.0, ways - largest);
    const double ways = largest + std::log10(sum);
    const net::Decision& decision = (*decisions_)[d];
    if (decision.parent == net::kNoDecision) {
      total += ways;
      continue;
    }
    const auto parent = static_cast<std::size_t>(decision.parent);
    for (std::size_t i = 0; i < allowed_[parent].size(); ++i)
      if (allowed_[parent][i] >= decision.parent_first &&
          allowed_[parent][i] <= decision.parent_last)
        per_choice[parent][i] += ways;
  }
  return total;
}

}  // namespace atto::gen
