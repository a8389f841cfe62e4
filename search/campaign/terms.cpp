#include "search/campaign/terms.hpp"

#include <fmt/format.h>

#include <utility>

#include "design_specs/reading/problems.hpp"
#include "design_specs/requirements/readers.hpp"

namespace atto::search {
namespace {

[[noreturn]] void refuse(const SteerRow& row, const std::string& rule, const std::string& got) {
  throw SpecError({{option_text(row), "", rule, got}});
}

const net::Decision& decision_of(const Campaign& campaign, net::DecisionId id) {
  return campaign.prototype->decisions()[static_cast<std::size_t>(id)];
}

/// read_pin(), whose faults are told at the option.
std::vector<std::pair<net::DecisionId, std::int32_t>> addressed(const Campaign& campaign,
                                                                const SteerRow& row) {
  try {
    return net::read_pin(*campaign.prototype, row.text);
  } catch (const SpecError& error) {
    std::vector<Problem> problems = error.problems();
    for (Problem& problem : problems) problem.location = "--" + word_of(row.kind);
    throw SpecError(std::move(problems));
  }
}

/// Replaces one side of a bound by what was written; sides of tiers that no request names only
/// tighten.
void take_side(const spec::Bound& written, bool only_tightens, spec::Bound& bound) {
  const auto take = [&](const std::optional<double>& value, std::optional<double>& side, int sign) {
    if (!value) return;
    if (only_tightens && side && sign * *value >= sign * *side) return;
    side = value;
  };
  take(written.max, bound.max, 1);
  take(written.min, bound.min, -1);
}

constexpr std::pair<const char*, spec::Bound spec::Requirements::*> kBounds[] = {
    {"params", &spec::Requirements::params},
    {"macs", &spec::Requirements::macs},
    {"peak_activation_kib", &spec::Requirements::peak_activation_kib},
    {"model_kib", &spec::Requirements::model_kib},
    {"latency_ms", &spec::Requirements::latency_ms},
    {"flash_kib", &spec::Requirements::flash_kib},
    {"ram_kib", &spec::Requirements::ram_kib}};

/// Reads "params.max=1.5M" by the rules of a spec's /require.
spec::Requirements read_requirement(const SteerRow& row, const spec::TaskKind& kind) {
  const std::size_t equals = row.text.find('='), dot = row.text.find('.');
  if (equals == std::string::npos || dot >= equals)
    refuse(row, "a requirement must be KEY.max=VALUE or KEY.min=VALUE, such as params.max=1.5M",
           row.text);
  const std::string key = row.text.substr(0, dot),
                    side = row.text.substr(dot + 1, equals - dot - 1),
                    value = row.text.substr(equals + 1);
  std::string json = fmt::format("{{{}: {{{}: ", spec::json_string(key), spec::json_string(side));
  spec::Document document;
  try {
    document = spec::parse_json(json + value + "}}", "--require");
  } catch (const SpecError&) {
    document = spec::parse_json(json + spec::json_string(value) + "}}", "--require");
  }
  spec::Problems problems("--require");
  const spec::Requirements read =
      spec::read_requirements(problems, {&document.root, ""}, spec::Requirements{}, kind);
  problems.throw_if_any();
  return read;
}

}  // namespace

std::string option_text(const SteerRow& row) {
  return fmt::format("--{} {}", word_of(row.kind), row.text);
}

Terms::Terms(const Campaign& campaign, int tier)
    : campaign_(&campaign), tier_(tier), require_(campaign.require(tier)) {}

void Terms::apply(const SteerRow& row) {
  if (row.only_tier >= 0 && row.only_tier != tier_) return;
  space_.reset();
  switch (row.kind) {
    case SteerKind::Pin:
      return pin(row);
    case SteerKind::Forbid:
      return forbid(row);
    case SteerKind::Free:
      return free(row);
    case SteerKind::Require:
      return replace_requirement(row);
    case SteerKind::Note:
    case SteerKind::Try:
      return;  // no terms
  }
}

/// Pins of one command add up; a later one replaces them.
void Terms::pin(const SteerRow& row) {
  for (const auto& [id, alternative] : addressed(*campaign_, row)) {
    Held& held = held_[id];
    if (held.pinned_at != row.at) held.pinned.clear();
    held.pinned_at = row.at;
    held.pinned.insert(alternative);
    expect_choice(id, row);
  }
}

void Terms::forbid(const SteerRow& row) {
  for (const auto& [id, alternative] : addressed(*campaign_, row)) {
    held_[id].forbidden.insert(alternative);
    expect_choice(id, row);
  }
}

void Terms::free(const SteerRow& row) {
  const std::size_t freed = std::erase_if(held_, [&](const auto& entry) {
    return net::path_matches(row.text, decision_of(*campaign_, entry.first).path);
  });
  if (freed == 0) refuse(row, "nothing is pinned or forbidden at this path", row.text);
}

void Terms::expect_choice(net::DecisionId id, const SteerRow& row) const {
  const net::Decision& decision = decision_of(*campaign_, id);
  for (std::int32_t i = 0; i < decision.alternatives; ++i)
    if (held_.at(id).allows(i)) return;
  refuse(row, "leaves no alternative of " + decision.path + "; free it first", row.text);
}

void Terms::replace_requirement(const SteerRow& row) {
  const spec::Requirements written = read_requirement(row, campaign_->spec.task.kind);
  const bool only_tightens = row.only_tier < 0 && campaign_->tiers() > 1;
  for (const auto& [name, member] : kBounds) {
    const spec::Bound& bound = written.*member;
    if (!bound.min && !bound.max) continue;
    spec::Bound& own = require_.*member;
    if (member == &spec::Requirements::latency_ms && !own.max)
      refuse(row, "the spec asks for no latency_ms: what was trained so far was not measured",
             row.text);
    const bool is_size =
        member == &spec::Requirements::flash_kib || member == &spec::Requirements::ram_kib;
    if (is_size && !require_.asks_footprint())
      refuse(row,
             "the spec asks for no flash_kib or ram_kib: what was trained so far was not measured",
             row.text);
    take_side(bound, only_tightens, own);
    if (own.min && own.max && *own.min > *own.max)
      refuse(row, fmt::format("leaves {} a min of {} over a max of {}", name, *own.min, *own.max),
             row.text);
    costs_are_steered_ = true;
  }
  for (const auto& [name, bound] : written.scores)
    take_side(bound, only_tightens, require_.scores[name]);
}

std::vector<gen::Restriction> Terms::restrictions() const {
  std::vector<gen::Restriction> restrictions;
  for (const auto& [id, held] : held_) {
    gen::Restriction restriction{id, {}};
    for (std::int32_t i = 0; i < decision_of(*campaign_, id).alternatives; ++i)
      if (held.allows(i)) restriction.allowed.push_back(i);
    restrictions.push_back(std::move(restriction));
  }
  return restrictions;
}

std::unique_ptr<gen::FeasibleSpace> Terms::make_space() const {
  return std::make_unique<gen::FeasibleSpace>(*campaign_->prototype, campaign_->input, require_,
                                              campaign_->spec.search.band, restrictions());
}

std::vector<std::string> Terms::misses(const DesignRow& design,
                                       const spec::Figures& figures) const {
  std::vector<std::string> found;
  if (!design.assignment.empty() && !held_.empty()) {
    const net::Assignment assignment = read_assignment(design.assignment);
    for (const auto& [id, held] : held_) {
      const std::int32_t choice = assignment[static_cast<std::size_t>(id)];
      if (choice == net::kInactive || held.allows(choice)) continue;
      const net::Decision& decision = decision_of(*campaign_, id);
      found.push_back(fmt::format("steered: {} must not be {}", decision.path,
                                  decision.labels[static_cast<std::size_t>(choice)]));
    }
  }
  const std::vector<std::string> costs =
      costs_are_steered_ ? cost_misses(design) : cost_misses_of(design, tier_);
  found.insert(found.end(), costs.begin(), costs.end());
  add_figure_misses(figures, found);
  return found;
}

void Terms::add_figure_misses(const spec::Figures& figures, std::vector<std::string>& found) const {
  spec::Requirements measured;
  measured.latency_ms = require_.latency_ms;
  measured.flash_kib = require_.flash_kib;
  measured.ram_kib = require_.ram_kib;
  spec::Metrics metrics;
  metrics.figures = figures;
  for (const spec::Miss& miss : spec::misses(measured, 0, metrics)) found.push_back(miss.text);
}

std::vector<std::string> Terms::cost_misses(const DesignRow& design) const {
  std::vector<std::string> found;
  if (design.assignment.empty())
    return misses_of(*campaign_, require_,
                     net::Prototype(spec::parse_json(design.text, design.hash)), design.costs);
  if (!space_) space_ = make_space();
  for (const spec::Miss& miss : space_->misses(read_assignment(design.assignment)))
    found.push_back(miss.text);
  return found;
}

std::string Terms::pinned(const net::Assignment& assignment) const {
  std::string text;
  for (const gen::Restriction& restriction : restrictions())
    if (restriction.allowed.size() == 1 &&
        assignment[static_cast<std::size_t>(restriction.decision)] == restriction.allowed.front())
      text += fmt::format("{}{}", text.empty() ? "" : ",", restriction.decision);
  return text;
}

Terms terms_of(Ledger& ledger, const Campaign& campaign, int tier) {
  Terms terms(campaign, tier);
  for (const SteerRow& row : ledger.steering())
    if (row.is_in_effect() && row.tier <= tier) terms.apply(row);
  return terms;
}

}  // namespace atto::search
