#pragma once
// What the designs of a tier must satisfy at a moment of its search: the spec's requirements and
// what people steered by since.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "search/campaign/campaign.hpp"

namespace atto::search {

class Terms {
 public:
  /// The campaign must outlive it.
  Terms(const Campaign& campaign, int tier);

  /// Adds a request, read as if it were the next one. Notes and designs change nothing; neither
  /// does one for another tier. Throws SpecError: no such decision, value or requirement, or
  /// nothing is left of a decision.
  void apply(const SteerRow& row);

  const Campaign& campaign() const { return *campaign_; }
  int tier() const { return tier_; }
  const spec::Requirements& require() const { return require_; }
  /// Whether anything known before training is asked for beyond the spec.
  bool is_steered() const { return costs_are_steered_ || !held_.empty(); }
  /// Returns what pins and bans leave, by decision.
  std::vector<gen::Restriction> restrictions() const;
  /// Makes the space of designs within the terms.
  std::unique_ptr<gen::FeasibleSpace> make_space() const;

  /// Returns what a design misses of what is known before training, as text; `figures`: what it
  /// was measured at.
  std::vector<std::string> misses(const DesignRow& design, const spec::Figures& figures) const;
  /// Returns the decisions of a design that people pinned, comma-separated.
  std::string pinned(const net::Assignment& assignment) const;
  /// How a decision is held: pinned to some alternatives, others forbidden.
  struct Held {
    std::set<std::int32_t> pinned, forbidden;
    std::int64_t pinned_at = 0;  ///< SteerRow::at
    bool allows(std::int32_t alternative) const {
      return (pinned.empty() || pinned.count(alternative) > 0) && forbidden.count(alternative) == 0;
    }
  };
  const std::map<net::DecisionId, Held>& held() const { return held_; }

 private:
  void pin(const SteerRow& row);
  void forbid(const SteerRow& row);
  void free(const SteerRow& row);
  void expect_choice(net::DecisionId id, const SteerRow& row) const;
  void replace_requirement(const SteerRow& row);
  std::vector<std::string> cost_misses(const DesignRow& design) const;
  void add_figure_misses(const spec::Figures& figures, std::vector<std::string>& found) const;

  const Campaign* campaign_;
  int tier_;
  spec::Requirements require_;
  std::map<net::DecisionId, Held> held_;
  bool costs_are_steered_ = false;
  mutable std::unique_ptr<gen::FeasibleSpace> space_;  ///< to count with, made when asked for
};

/// Returns the terms at the end of a tier: all that took effect in it or before.
Terms terms_of(Ledger& ledger, const Campaign& campaign, int tier);

/// Returns the option that a request was made with: "--pin stages[0].modules[*].chain=#1".
std::string option_text(const SteerRow& row);

}  // namespace atto::search
