// What the inquisitor learns from: a row a design, an observation a result.
#include <algorithm>
#include <array>
#include <cmath>

#include "generator/learning/inquisitor_parts.hpp"

namespace atto::gen {
namespace {

/// The share of the variance between designs that each group is held to explain at first.
constexpr std::array<double, kGroups> kShares = {0.10,  0.05, 0.05,  0.075, 0.04, 0.04,
                                                 0.025, 0.01, 0.025, 0.015, 0.05, 0.025,
                                                 0.025, 0.05, 0.01,  0.20,  0.05};
/// What one standard deviation of a zero-cost score is held to be worth before anything is known.
constexpr std::array<double, kScores> kScorePrior = {0.3, 0, 0.2, 0};
/// What e times the parameters, and e times the MACs, are held to be worth likewise.
constexpr std::array<double, 2> kSizePrior = {1.8, 1.6};
/// The part of what an early rung shows beyond the design's worth that its decisions explain.
constexpr double kEarlyShare = 0.4;
/// The variance that is added to a result which a later one of the same training confirms.
constexpr double kRepeated = 0.3;
constexpr std::size_t kPollRows = 64;

Eigen::Vector3d log_costs(const spec::Costs& costs) {
  const auto log_of = [](std::int64_t count) {
    return std::log(static_cast<double>(std::max<std::int64_t>(1, count)));
  };
  return {log_of(costs.params), log_of(costs.macs), log_of(costs.peak_activation_bytes)};
}

}  // namespace

double worth_of_size(const spec::Costs& costs) {
  const Eigen::Vector3d logs = log_costs(costs);
  return kSizePrior[0] * logs[0] + kSizePrior[1] * logs[1];
}

std::vector<std::pair<Feature, double>> Inquisitor::Parts::said(
    const net::Assignment& assignment) const {
  std::vector<Feature> features;
  std::vector<std::pair<Feature, double>> valued;
  const DecisionForest& forest = traits.forest();
  for (std::size_t d = 0; d < assignment.size(); ++d) {
    const auto id = static_cast<net::DecisionId>(d);
    if (assignment[d] == net::kInactive) continue;
    features.clear();
    double value = 1;
    if (forest.is_width(id)) {
      value = traits.relative_width(id, assignment[d]);
      traits.say_width(id, features);
      valued.emplace_back(Feature{FeatureKind::WidthBend, id, 0, 0, 0}, value * value);
    } else {
      traits.say(id, assignment[d], assignment, features);
      traits.say_between(id, assignment, features);
    }
    for (const Feature& feature : features) valued.emplace_back(feature, value);
  }
  return valued;
}

double Inquisitor::Parts::fill(const Candidate& candidate, Eigen::VectorXd& row) const {
  row.setZero(early_column());
  double unseen = 0;
  const Known* own = find(candidate);
  if (own) {
    for (const auto& [number, value] : own->said)
      if (number < learnt) row[number] += value;
  } else {
    for (const auto& [feature, value] : said(candidate.assignment)) {
      const std::int32_t number = index.find(feature);
      if (number >= 0 && number < learnt)
        row[number] += value;
      else
        unseen += variance_of(feature) * value * value;
    }
  }
  Eigen::Index at = learnt;
  const Eigen::Vector3d costs =
      (log_costs(candidate.costs) - cost_centre).cwiseQuotient(cost_spread);
  row.segment<3>(at) = costs;
  row.segment<3>(at + 3) = costs.cwiseAbs2();
  at += kCostColumns;
  if (settings.with_responses) {
    const Measured seen = own ? measured(*own) : Measured{};
    const Signal<kResponses> signal = responses.signal(candidate.assignment, own ? &seen : nullptr);
    row.segment<kResponses>(at) = signal.expected;
    row.segment<kResponses>(at + kResponses) = signal.surprise;
  }
  if (settings.with_scores) fill_scores(own, row);
  return unseen;
}

void Inquisitor::Parts::fill_scores(const Known* own, Eigen::VectorXd& row) const {
  const Signal<kScores> signal =
      scores.signal(row.head(learnt + kCostColumns).transpose(), own ? &own->scores : nullptr);
  row.segment<kScores>(score_column()) = signal.expected;
  row.segment<kScores>(score_column() + kScores) = signal.surprise;
}

FeatureRows Inquisitor::Parts::rows_of(const std::vector<const Candidate*>& designs,
                                       std::vector<double>* unseen) const {
  FeatureRows rows(static_cast<Eigen::Index>(designs.size()), columns());
  Eigen::VectorXd row;
  for (std::size_t i = 0; i < designs.size(); ++i) {
    if (i % kPollRows == 0) settings.poll();
    const double variance = fill(*designs[i], row);
    if (unseen) unseen->push_back(variance);
    const auto at = static_cast<Eigen::Index>(i);
    rows.startVec(at);
    for (Eigen::Index f = 0; f < row.size(); ++f)
      if (row[f] != 0) rows.insertBack(at, f) = row[f];
  }
  rows.finalize();
  return rows;
}

std::vector<int> Inquisitor::Parts::groups() const {
  std::vector<int> groups;
  for (Eigen::Index f = 0; f < learnt; ++f)
    groups.push_back(static_cast<int>(index.features()[static_cast<std::size_t>(f)].kind));
  groups.insert(groups.end(), kCostColumns, kCost);
  groups.insert(groups.end(), kResponses, kResponse);
  groups.insert(groups.end(), kResponses, kResponseOwn);
  groups.insert(groups.end(), kScores, kScore);
  groups.insert(groups.end(), kScores, kScoreOwn);
  groups.insert(groups.end(), static_cast<std::size_t>(learnt), kEarly);
  groups.insert(groups.end(), kCostColumns, kEarlyCost);
  return groups;
}

void Inquisitor::Parts::scale_costs() {
  cost_centre.setZero();
  Eigen::Vector3d squares = Eigen::Vector3d::Zero();
  const double count = static_cast<double>(known.size());
  for (const Known& design : known) cost_centre += log_costs(design.candidate.costs) / count;
  for (const Known& design : known)
    squares += (log_costs(design.candidate.costs) - cost_centre).cwiseAbs2() / count;
  cost_spread = squares.cwiseSqrt().cwiseMax(1e-3);
}

void Inquisitor::Parts::learn(int iterations) {
  std::vector<std::vector<std::optional<double>>> results;
  std::vector<Measured> signals, scored_signals;
  std::vector<const Candidate*> designs, scored;
  for (const Known& design : known) {
    results.push_back(design.results);
    signals.push_back(measured(design));
    designs.push_back(&design.candidate);
    if (design.scores.empty()) continue;
    scored_signals.push_back(signals.back());
    scored.push_back(designs.back());
  }
  learnt = static_cast<Eigen::Index>(index.features().size());
  scale.fit(results, settings.rungs);
  scale_costs();
  // Responses are compared anew with the variances only: both move slowly.
  if (settings.with_responses && iterations > 0) responses.fit(signals);
  if (settings.with_scores) {
    scores.forget();
    scores.fit(Eigen::MatrixXd(rows_of(scored, nullptr)).leftCols(learnt + kCostColumns),
               scored_signals);
  }
  const FeatureRows rows = rows_of(designs, nullptr);
  observe(rows);
  data.prior = Eigen::VectorXd::Zero(data.features.cols());
  for (int i = 0; i < 2; ++i)
    data.prior[learnt + i] = kSizePrior[static_cast<std::size_t>(i)] * cost_spread[i];
  if (settings.with_scores)
    for (int i = 0; i < kScores; ++i)
      data.prior[score_column() + i] = kScorePrior[static_cast<std::size_t>(i)];
  model.fit(data, kernels, groups(), std::vector<double>(kShares.begin(), kShares.end()),
            iterations, settings.poll);
  const Eigen::VectorXd fitted = model.predict(rows);
  for (std::size_t i = 0; i < known.size(); ++i)
    known[i].fitted = fitted[static_cast<Eigen::Index>(i)];
}

void Inquisitor::Parts::observe(const FeatureRows& rows) {
  std::size_t count = 0;
  for (const Known& design : known)
    for (const auto& result : design.results) count += result.has_value();
  FeatureRows features(static_cast<Eigen::Index>(count), rows.cols());
  data.values.resize(features.rows());
  data.excess.resize(features.rows());
  std::vector<Seen> seen;
  for (std::size_t i = 0; i < known.size(); ++i)
    for (std::size_t rung = 0; rung < known[i].results.size(); ++rung) {
      if (!known[i].results[rung]) continue;
      const auto at = static_cast<Eigen::Index>(seen.size()), design = static_cast<Eigen::Index>(i);
      const Scaled scaled = scale.scaled(*known[i].results[rung], rung);
      const double early = std::sqrt(kEarlyShare * scaled.excess);
      seen.push_back({design, early});
      data.values[at] = scaled.value;
      data.excess[at] =
          (1 - kEarlyShare) * scaled.excess + (rung < known[i].highest ? kRepeated : 0);
      features.startVec(at);
      const auto say = [&](Eigen::Index first, Eigen::Index last, double factor) {
        for (FeatureRows::InnerIterator one(rows, design); one && one.col() < last; ++one)
          features.insertBack(at, first + one.col()) = factor * one.value();
      };
      say(0, rows.cols(), 1);
      if (early > 0) say(early_column(), learnt + kCostColumns, early);
    }
  features.finalize();
  data.features = features;
  compare(rows, std::move(seen));
}

void Inquisitor::Parts::compare(const FeatureRows& rows, std::vector<Seen> seen) {
  const std::vector<int> groups = this->groups();
  for (std::size_t i = kernels.designs(); i < known.size(); ++i) {
    settings.poll();
    kernels.add(known[i].said, groups);
  }
  const Eigen::MatrixXd fixed = rows.middleCols(learnt, kFixedColumns);
  std::vector<DenseGroup> dense;
  Eigen::Index at = 0;
  const auto add = [&](Eigen::Index count, Group group, std::optional<std::size_t> early = {}) {
    dense.push_back({fixed.middleCols(at, count), group, early});
    at += count;
  };
  add(kCostColumns, kCost, kEarlyCost);
  add(kResponses, kResponse);
  add(kResponses, kResponseOwn);
  add(kScores, kScore);
  add(kScores, kScoreOwn);
  kernels.observe(std::move(seen), std::move(dense));
}

}  // namespace atto::gen
