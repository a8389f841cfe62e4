// What the inquisitor's weights say to people: credits, weights, sources.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "generator/learning/inquisitor_parts.hpp"

namespace atto::gen {
namespace {

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

/// The share of a normal distribution that lies above 0.
double share_above_zero(double mean, double deviation) {
  return deviation > 0 ? 0.5 * std::erfc(-mean / (deviation * std::sqrt(2.0))) : 0.5;
}

}  // namespace

void Inquisitor::Parts::add_expected_scores(Eigen::VectorXd& row) const {
  if (settings.with_scores)
    row.segment<kScores>(score_column()) =
        scores.difference(row.head(learnt + kCostColumns).transpose());
}

Eigen::VectorXd Inquisitor::Parts::saying(net::DecisionId id, std::int32_t alternative,
                                          Credit& credit) const {
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
  if (credit.designs > 0) row /= credit.designs;
  add_expected_scores(row);
  return row;
}

std::vector<Credit> Inquisitor::Parts::credits_of(net::DecisionId id) const {
  std::vector<Credit> credits;
  std::vector<Eigen::VectorXd> rows;
  for (std::int32_t alternative = 0; alternative < traits.forest().at(id).alternatives;
       ++alternative) {
    Credit credit{id, alternative};
    Eigen::VectorXd row = saying(id, alternative, credit);
    if (credit.designs == 0) continue;
    credits.push_back(credit);
    rows.push_back(std::move(row));
  }
  const auto count = static_cast<Eigen::Index>(rows.size());
  if (count == 0) return credits;
  Eigen::VectorXd centre = Eigen::VectorXd::Zero(columns());
  for (const Eigen::VectorXd& row : rows) centre += row / static_cast<double>(count);
  // Column a: against the mean; column count + a: against the best of the others.
  Eigen::MatrixXd contrasts(columns(), 2 * count);
  for (Eigen::Index a = 0; a < count; ++a) {
    const Eigen::VectorXd& own = rows[static_cast<std::size_t>(a)];
    const Eigen::VectorXd* rival = &own;
    double best = -std::numeric_limits<double>::infinity();
    for (const Eigen::VectorXd& other : rows)
      if (&other != &own && other.dot(model.mean()) > best) {
        rival = &other;
        best = other.dot(model.mean());
      }
    contrasts.col(a) = own - centre;
    contrasts.col(count + a) = own - *rival;
  }
  const Eigen::VectorXd means = contrasts.transpose() * model.mean();
  const Eigen::VectorXd deviations = model.deviations_of(contrasts);
  for (Eigen::Index a = 0; a < count; ++a) {
    Credit& credit = credits[static_cast<std::size_t>(a)];
    credit.effect = scale.unit() * means[a];
    credit.deviation = scale.unit() * deviations[a];
    credit.confidence = count > 1 ? share_above_zero(means[count + a], deviations[count + a]) : 1;
  }
  return credits;
}

std::vector<Credit> Inquisitor::Parts::credit_of_width(net::DecisionId id) const {
  const std::int32_t last = traits.forest().at(id).alternatives - 1;
  Credit credit{id, last};
  for (const Known& design : known) {
    if (design.candidate.assignment[static_cast<std::size_t>(id)] == net::kInactive) continue;
    ++credit.designs;
    credit.at_top += design.highest + 1 == settings.rungs;
  }
  if (credit.designs == 0 || last == 0) return {};
  std::vector<Feature> features;
  traits.say_width(id, features);
  Eigen::VectorXd row = Eigen::VectorXd::Zero(columns());
  for (const Feature& feature : features)
    if (const std::int32_t f = index.find(feature); f >= 0 && f < learnt)
      row[f] += traits.relative_width(id, last) - traits.relative_width(id, 0);
  add_expected_scores(row);
  const double mean = row.dot(model.mean()), deviation = model.deviations_of(row)[0];
  credit.effect = scale.unit() * mean;
  credit.deviation = scale.unit() * deviation;
  credit.confidence = share_above_zero(mean, deviation);
  return {credit};
}

std::vector<double> Inquisitor::rung_correlations() const {
  std::vector<double> correlations;
  for (std::size_t r = 0; r < parts_->settings.rungs; ++r)
    correlations.push_back(parts_->scale.correlation(r));
  return correlations;
}

std::vector<Credit> Inquisitor::credits() const {
  const Parts& p = *parts_;
  const DecisionForest& forest = p.traits.forest();
  std::vector<Credit> credits;
  for (std::size_t d = 0; d < forest.size(); ++d) {
    const auto id = static_cast<net::DecisionId>(d);
    p.settings.poll();
    const std::vector<Credit> of = forest.is_width(id) ? p.credit_of_width(id) : p.credits_of(id);
    credits.insert(credits.end(), of.begin(), of.end());
  }
  return credits;
}

std::vector<Weight> Inquisitor::weights(std::size_t count) const {
  const Parts& p = *parts_;
  std::vector<Eigen::Index> order(static_cast<std::size_t>(p.learnt));
  for (std::size_t f = 0; f < order.size(); ++f) order[f] = static_cast<Eigen::Index>(f);
  std::stable_sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
    return std::abs(p.model.mean()[a]) > std::abs(p.model.mean()[b]);
  });
  order.resize(std::min(count, order.size()));
  Eigen::MatrixXd rows =
      Eigen::MatrixXd::Zero(p.columns(), static_cast<Eigen::Index>(order.size()));
  for (std::size_t i = 0; i < order.size(); ++i) rows(order[i], static_cast<Eigen::Index>(i)) = 1;
  const Eigen::VectorXd deviations = p.model.deviations_of(rows);
  std::vector<Weight> weights;
  for (std::size_t i = 0; i < order.size(); ++i)
    weights.push_back({p.index.features()[static_cast<std::size_t>(order[i])],
                       p.scale.unit() * p.model.mean()[order[i]],
                       p.scale.unit() * deviations[static_cast<Eigen::Index>(i)]});
  return weights;
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
