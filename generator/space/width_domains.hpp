#pragma once
// Which alternatives of each width the structure's rules leave: groups that must divide, products
// that must be whole. Rules that tie two different decisions are left to net::resolve().

#include <span>
#include <vector>

#include "generator/space/decision_forest.hpp"
#include "prototypes/language/structure.hpp"

namespace atto::gen {

class WidthDomains {
 public:
  /// Computes the domains of every width that exists under the assignment. Returns false when a
  /// rule leaves none; `broken_node` then names the node that asked for it.
  bool compute(const net::Structure& structure, const DecisionForest& forest,
               const net::Assignment& assignment);
  std::int32_t broken_node() const { return broken_node_; }

  struct Domain {
    net::DecisionId decision;
    std::int32_t first, count;
  };
  const std::vector<Domain>& domains() const { return domains_; }
  /// Returns the rising alternatives of a domain; never empty after compute() returned true.
  std::span<const std::int32_t> alternatives(const Domain& domain) const {
    return {pool_.data() + domain.first, static_cast<std::size_t>(domain.count)};
  }
  /// Returns whether the widths of two nodes are equal for some choices and different for others,
  /// as far as compute() can tell.
  bool may_match_or_differ(std::int32_t a, std::int32_t b) const;

 private:
  /// A node's width as a function of one decision's alternative: `values` from `first`, one per
  /// alternative (a single one when fixed). Unknown: it depends on several decisions.
  struct Row {
    enum class Kind : std::uint8_t { Fixed, Single, Unknown } kind = Kind::Unknown;
    net::DecisionId decision = net::kNoDecision;
    std::int32_t first = 0, count = 0;
  };

  Row fixed(std::int64_t value);
  Row decided(net::DecisionId id);
  Row row_of(const net::Node& node);
  Row width_row(const net::Node& node);
  Row scaled(const Row& base, double factor, std::int32_t round);
  Row concatenated(const net::Node& node);
  Row sliced(const net::Node& node);
  const Row& input_row(const net::Node& node, std::int32_t i) const;
  /// Bans the alternatives whose value the predicate refuses.
  template <class Predicate>
  void demand(const Row& row, Predicate holds);
  void demand_equal(const Row& a, const Row& b);
  void check_rules(const net::Node& node, const Row& out);
  void ban(const Row& row, std::int32_t i);
  bool collect();

  const net::Structure* structure_ = nullptr;
  const DecisionForest* forest_ = nullptr;
  const net::Assignment* assignment_ = nullptr;
  std::vector<std::int64_t> values_;  ///< of all rows; 0 = the alternative is not possible
  std::vector<Row> rows_;
  std::vector<std::int32_t> row_of_decision_;
  std::vector<std::vector<char>> banned_;  ///< by decision; empty = none
  std::vector<net::DecisionId> touched_;
  std::vector<std::int32_t> pool_;
  std::vector<Domain> domains_;
  std::int32_t node_ = -1, broken_node_ = -1;
};

}  // namespace atto::gen
