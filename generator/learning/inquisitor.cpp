#include "generator/learning/inquisitor.hpp"

#include <cmath>

#include "generator/learning/inquisitor_parts.hpp"

namespace atto::gen {

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

bool Inquisitor::has_learnt() const {
  return parts_->model.mean().size() > 0;
}

void Inquisitor::learn(int iterations) {
  parts_->learn(iterations);
}

std::vector<double> Inquisitor::beliefs(const std::vector<const Candidate*>& designs) const {
  const Parts& p = *parts_;
  const Eigen::VectorXd means = p.model.predict(p.rows_of(designs, nullptr));
  std::vector<double> beliefs(means.begin(), means.end());
  for (std::size_t i = 0; i < designs.size(); ++i) {
    if (const auto found = p.numbers.find(designs[i]->hash); found != p.numbers.end()) {
      const Known& own = p.known[found->second];
      const Scaled result = p.scale.scaled(*own.results[own.highest], own.highest);
      const double noise = p.model.noise();
      beliefs[i] += noise / (noise + result.excess) * (result.value - beliefs[i]);
    }
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
  const PrecisionFactor factor(p.model.precision(), p.settings.poll);
  spec::Random random(seed);
  std::vector<std::vector<double>> drawn;
  for (int draw = 0; draw < count; ++draw) {
    p.settings.poll();
    Eigen::VectorXd noise(rows.cols());
    for (double& one : noise) one = random.normal();
    const Eigen::VectorXd shift = rows * factor.draw(noise);
    std::vector<double>& values = drawn.emplace_back();
    for (std::size_t i = 0; i < designs.size(); ++i) {
      const auto at = static_cast<Eigen::Index>(i);
      values.push_back(mean[at] + boldness * (shift[at] + std::sqrt(unseen[i]) * random.normal()));
    }
  }
  return drawn;
}

}  // namespace atto::gen
