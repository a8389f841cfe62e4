#include "generator/inquisitor.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <unordered_map>

#include "generator/credit_model.hpp"
#include "generator/rung_scale.hpp"
#include "generator/signals.hpp"

namespace atto::gen {
namespace {

/// The groups of weights: one per kind of feature, then these.
enum Group {
  kCost = kFeatureKinds,
  kResponse,
  kResponseOwn,
  kScore,
  kScoreOwn,
  kEarly,
  kEarlyCost,
  kGroups
};
constexpr int kCostColumns = 6;
constexpr int kFixedColumns = kCostColumns + 2 * kResponses + 2 * kScores;

/// The share of the variance between designs that each group is held to explain at first.
constexpr std::array<double, kGroups> kShares = {0.20, 0.10, 0.10, 0.15, 0.08, 0.08,
                                                 0.05, 0.02, 0.05, 0.03, 0.10, 0.05,
                                                 0.05, 0.10, 0.02, 0.40, 0.10};
constexpr std::array<const char*, kGroups> kSources = {"decisions by role",
                                                       "decisions by stage",
                                                       "decisions by place in the stage",
                                                       "decisions by themselves",
                                                       "pairs within modules",
                                                       "pairs between modules",
                                                       "widths",
                                                       "widths",
                                                       "widths",
                                                       "widths",
                                                       "costs",
                                                       "expected responses",
                                                       "observed responses",
                                                       "expected zero-cost scores",
                                                       "observed zero-cost scores",
                                                       "decisions, at early rungs alone",
                                                       "costs, at early rungs alone"};
/// What one standard deviation of a zero-cost score is held to be worth before anything is known.
constexpr std::array<double, kScores> kScorePrior = {0.3, 0, 0.2, 0};
/// The part of what an early rung shows beyond the design's worth that its decisions explain.
constexpr double kEarlyShare = 0.8;
/// The variance that is added to a result which a later one of the same training confirms.
constexpr double kRepeated = 0.3;
/// The part of the top rung's noise that is the design's own and would show again.
constexpr double kOwnShare = 0.5;

struct Known {
  Candidate candidate;
  std::vector<std::optional<double>> results;
  std::size_t highest = 0;
  net::ResponsesByModule responses;
  std::size_t responses_rung = 0;
  net::ScoresByModule scores;
  std::vector<std::pair<std::int32_t, double>> said;  ///< numbered features, with values
};

Eigen::Vector3d log_costs(const spec::Costs& costs) {
  const auto log_of = [](std::int64_t count) {
    return std::log(static_cast<double>(std::max<std::int64_t>(1, count)));
  };
  return {log_of(costs.params), log_of(costs.macs), log_of(costs.peak_activation_bytes)};
}

}  // namespace

struct Inquisitor::Parts {
  Parts(const DecisionTraits& of, const InquisitorSettings& with)
      : traits(of), settings(with), responses(of) {}

  const DecisionTraits& traits;
  InquisitorSettings settings;
  std::vector<Known> known;
  std::unordered_map<std::uint64_t, std::size_t> numbers;
  FeatureIndex index;
  RungScale scale;
  ResponseModel responses;
  ScoreModel scores;
  CreditModel model;
  Eigen::Vector3d cost_centre = Eigen::Vector3d::Zero(), cost_spread = Eigen::Vector3d::Ones();
  CreditData data;

  /// Everything that a design's choices say, with the numbers of widths.
  std::vector<std::pair<Feature, double>> said(const net::Assignment& assignment) const {
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

  /// Features that turned up since learn() have no weight yet.
  Eigen::Index learnt = 0;
  /// What decides a design's worth, then what its early results show beyond that: the decisions
  /// and costs once more, which count at early rungs alone.
  Eigen::Index columns() const { return early_column() + learnt + kCostColumns; }
  Eigen::Index early_column() const { return learnt + kFixedColumns; }

  Measured measured(const Known& design) const {
    return {&design.candidate.assignment, design.responses_rung, &design.responses, &design.scores};
  }

  double variance_of(const Feature& feature) const {
    const std::vector<double>& variances = model.group_variances();
    return variances.empty() ? 0 : variances[static_cast<std::size_t>(feature.kind)];
  }

  /// Writes a design's row; returns the prior variance of what no known design says.
  double fill(const Candidate& candidate, Eigen::MatrixXd& rows, Eigen::Index row) const {
    double unseen = 0;
    const auto found = numbers.find(candidate.hash);
    const Known* own = found == numbers.end() ? nullptr : &known[found->second];
    if (own) {
      for (const auto& [number, value] : own->said)
        if (number < learnt) rows(row, number) += value;
    } else {
      for (const auto& [feature, value] : said(candidate.assignment)) {
        const std::int32_t number = index.find(feature);
        if (number >= 0 && number < learnt)
          rows(row, number) += value;
        else
          unseen += variance_of(feature) * value * value;
      }
    }
    Eigen::Index at = learnt;
    const Eigen::Vector3d costs =
        (log_costs(candidate.costs) - cost_centre).cwiseQuotient(cost_spread);
    rows.block<1, 3>(row, at) = costs.transpose();
    rows.block<1, 3>(row, at + 3) = costs.cwiseAbs2().transpose();
    at += kCostColumns;
    if (settings.with_responses) {
      const Measured seen = own ? measured(*own) : Measured{};
      const Signal<kResponses> signal =
          responses.signal(candidate.assignment, own ? &seen : nullptr);
      rows.block<1, kResponses>(row, at) = signal.expected.transpose();
      rows.block<1, kResponses>(row, at + kResponses) = signal.surprise.transpose();
    }
    at += 2 * kResponses;
    if (settings.with_scores) {
      const Signal<kScores> signal =
          scores.signal(rows.row(row).head(learnt + kCostColumns), own ? &own->scores : nullptr);
      rows.block<1, kScores>(row, at) = signal.expected.transpose();
      rows.block<1, kScores>(row, at + kScores) = signal.surprise.transpose();
    }
    return unseen;
  }

  Eigen::MatrixXd rows_of(const std::vector<const Candidate*>& designs,
                          std::vector<double>* unseen) const {
    Eigen::MatrixXd rows =
        Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(designs.size()), columns());
    for (std::size_t i = 0; i < designs.size(); ++i) {
      const double variance = fill(*designs[i], rows, static_cast<Eigen::Index>(i));
      if (unseen) unseen->push_back(variance);
    }
    return rows;
  }

  std::vector<int> groups() const {
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

  void scale_costs() {
    cost_centre.setZero();
    Eigen::Vector3d squares = Eigen::Vector3d::Zero();
    const double count = static_cast<double>(known.size());
    for (const Known& design : known) cost_centre += log_costs(design.candidate.costs) / count;
    for (const Known& design : known)
      squares += (log_costs(design.candidate.costs) - cost_centre).cwiseAbs2() / count;
    cost_spread = squares.cwiseSqrt().cwiseMax(1e-3);
  }

  void learn(int iterations) {
    std::vector<std::vector<std::optional<double>>> results;
    std::vector<Measured> signals;
    std::vector<const Candidate*> designs;
    for (const Known& design : known) {
      results.push_back(design.results);
      signals.push_back(measured(design));
      designs.push_back(&design.candidate);
    }
    learnt = static_cast<Eigen::Index>(index.features().size());
    scale.fit(results, settings.rungs);
    scale_costs();
    // Responses are compared anew with the variances only: both move slowly.
    if (settings.with_responses && iterations > 0) responses.fit(signals);
    scores.forget();
    Eigen::MatrixXd rows = rows_of(designs, nullptr);
    if (settings.with_scores) {
      scores.fit(rows.leftCols(learnt + kCostColumns), signals);
      rows = rows_of(designs, nullptr);
    }
    observe(rows);
    data.prior = Eigen::VectorXd::Zero(data.features.cols());
    if (settings.with_scores)
      for (int i = 0; i < kScores; ++i)
        data.prior[learnt + kCostColumns + 2 * kResponses + i] =
            kScorePrior[static_cast<std::size_t>(i)];
    model.fit(data, groups(), std::vector<double>(kShares.begin(), kShares.end()), iterations);
  }

  /// One observation for every result of every known design, whose row is given.
  void observe(const Eigen::MatrixXd& rows) {
    std::size_t count = 0;
    for (const Known& design : known)
      for (const auto& result : design.results) count += result.has_value();
    data.features.resize(static_cast<Eigen::Index>(count), rows.cols());
    data.values.resize(static_cast<Eigen::Index>(count));
    data.excess.resize(static_cast<Eigen::Index>(count));
    Eigen::Index at = 0;
    for (std::size_t i = 0; i < known.size(); ++i)
      for (std::size_t rung = 0; rung < known[i].results.size(); ++rung) {
        if (!known[i].results[rung]) continue;
        const Scaled scaled = scale.scaled(*known[i].results[rung], rung);
        data.values[at] = scaled.value;
        data.excess[at] =
            (1 - kEarlyShare) * scaled.excess + (rung < known[i].highest ? kRepeated : 0);
        data.features.row(at) = rows.row(static_cast<Eigen::Index>(i));
        data.features.row(at).segment(early_column(), learnt + kCostColumns) =
            std::sqrt(kEarlyShare * scaled.excess) *
            rows.row(static_cast<Eigen::Index>(i)).head(learnt + kCostColumns);
        ++at;
      }
  }

  /// The weights' row that tells what an alternative says, averaged over the designs that took it.
  Eigen::VectorXd saying(net::DecisionId id, std::int32_t alternative, Credit& credit) const {
    Eigen::VectorXd row = Eigen::VectorXd::Zero(columns());
    std::vector<Feature> features;
    for (const Known& design : known) {
      const net::Assignment& assignment = design.candidate.assignment;
      if (assignment[static_cast<std::size_t>(id)] != alternative) continue;
      ++credit.designs;
      credit.at_top += design.highest + 1 == settings.rungs;
      features.clear();
      traits.say(id, alternative, assignment, features);
      traits.say_between(id, assignment, features);
      for (const Feature& feature : features)
        if (const std::int32_t f = index.find(feature); f >= 0 && f < learnt) row[f] += 1;
    }
    return credit.designs > 0 ? Eigen::VectorXd(row / credit.designs) : row;
  }
};

Inquisitor::Inquisitor(const DecisionTraits& traits, const InquisitorSettings& settings)
    : parts_(std::make_unique<Parts>(traits, settings)) {}
Inquisitor::~Inquisitor() = default;

void Inquisitor::add(Evidence evidence) {
  const auto [at, is_new] =
      parts_->numbers.try_emplace(evidence.candidate.hash, parts_->known.size());
  if (is_new) {
    Known design;
    design.candidate = std::move(evidence.candidate);
    design.results.resize(parts_->settings.rungs);
    for (const auto& [feature, value] : parts_->said(design.candidate.assignment))
      design.said.emplace_back(parts_->index.add(feature), value);
    parts_->known.push_back(std::move(design));
  }
  Known& design = parts_->known[at->second];
  design.results[evidence.rung] = evidence.value;
  design.highest = std::max(is_new ? 0 : design.highest, evidence.rung);
  if (!evidence.responses.empty()) {
    design.responses = std::move(evidence.responses);
    design.responses_rung = evidence.rung;
  }
  if (!evidence.scores.empty()) design.scores = std::move(evidence.scores);
}

std::size_t Inquisitor::designs() const {
  return parts_->known.size();
}

void Inquisitor::learn(int iterations) {
  parts_->learn(iterations);
}

std::vector<Belief> Inquisitor::beliefs(const std::vector<const Candidate*>& designs) const {
  const Parts& p = *parts_;
  std::vector<double> unseen;
  const Eigen::MatrixXd rows = p.rows_of(designs, &unseen);
  const Eigen::VectorXd mean = p.model.predict(rows), variance = p.model.variance(rows);
  std::vector<Belief> beliefs;
  for (std::size_t i = 0; i < designs.size(); ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    Belief belief{mean[at], std::sqrt(variance[at] + unseen[i])};
    if (const auto found = p.numbers.find(designs[i]->hash); found != p.numbers.end()) {
      const Known& own = p.known[found->second];
      const Scaled result = p.scale.scaled(*own.results[own.highest], own.highest);
      const double noise = p.model.noise();
      belief.mean += kOwnShare * noise / (noise + result.excess) * (result.value - belief.mean);
    }
    beliefs.push_back(belief);
  }
  return beliefs;
}

std::vector<std::vector<double>> Inquisitor::draws(const std::vector<const Candidate*>& designs,
                                                   int count, double boldness,
                                                   std::uint64_t seed) const {
  const Parts& p = *parts_;
  std::vector<double> unseen;
  const Eigen::MatrixXd rows = p.rows_of(designs, &unseen);
  const Eigen::VectorXd mean = p.model.predict(rows);
  spec::Random random(seed);
  std::vector<std::vector<double>> drawn;
  for (int draw = 0; draw < count; ++draw) {
    const Eigen::VectorXd shift = rows * (p.model.draw(random) - p.model.mean());
    std::vector<double>& values = drawn.emplace_back();
    for (std::size_t i = 0; i < designs.size(); ++i) {
      const auto at = static_cast<Eigen::Index>(i);
      values.push_back(mean[at] + boldness * (shift[at] + std::sqrt(unseen[i]) * random.normal()));
    }
  }
  return drawn;
}

std::vector<double> Inquisitor::rung_correlations() const {
  std::vector<double> correlations;
  for (std::size_t r = 0; r < parts_->settings.rungs; ++r)
    correlations.push_back(parts_->scale.correlation(r));
  return correlations;
}

std::vector<Credit> Inquisitor::credits() const {
  const Parts& p = *parts_;
  std::vector<Credit> credits;
  for (std::size_t d = 0; d < p.traits.forest().size(); ++d) {
    const auto id = static_cast<net::DecisionId>(d);
    std::vector<Credit> of;
    std::vector<Eigen::VectorXd> rows;
    if (p.traits.forest().is_width(id)) continue;
    for (const std::int32_t alternative : p.traits.forest().allowed(id)) {
      Credit credit{id, alternative, 0, 0, 0, 0};
      Eigen::VectorXd row = p.saying(id, alternative, credit);
      if (credit.designs == 0) continue;
      of.push_back(credit);
      rows.push_back(std::move(row));
    }
    if (of.empty()) continue;
    Eigen::VectorXd mean = Eigen::VectorXd::Zero(p.columns());
    for (const Eigen::VectorXd& row : rows) mean += row / static_cast<double>(rows.size());
    for (std::size_t a = 0; a < of.size(); ++a) {
      const Eigen::VectorXd contrast = rows[a] - mean;
      of[a].effect = p.scale.unit() * contrast.dot(p.model.mean());
      of[a].deviation = p.scale.unit() * p.model.deviation_of(contrast);
      credits.push_back(of[a]);
    }
  }
  return credits;
}

std::vector<std::pair<std::string, double>> Inquisitor::sources() const {
  const Parts& p = *parts_;
  const std::vector<int> groups = p.groups();
  std::map<std::string, double> shares;
  double sum = 0;
  for (int g = 0; g < kGroups; ++g) {
    Eigen::VectorXd part = Eigen::VectorXd::Zero(p.data.features.rows());
    for (std::size_t f = 0; f < groups.size(); ++f)
      if (groups[f] == g)
        part += p.data.features.col(static_cast<Eigen::Index>(f)) *
                p.model.mean()[static_cast<Eigen::Index>(f)];
    const double variance = (part.array() - part.mean()).square().sum();
    shares[kSources[static_cast<std::size_t>(g)]] += variance;
    sum += variance;
  }
  std::vector<std::pair<std::string, double>> named(shares.begin(), shares.end());
  for (auto& [name, share] : named) share /= std::max(sum, 1e-12);
  return named;
}

}  // namespace atto::gen
