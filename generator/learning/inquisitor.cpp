#include "generator/learning/inquisitor.hpp"

#include <cmath>
#include <map>

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
    std::map<std::int32_t, double> said;
    for (const auto& [feature, value] : parts_->said(design.candidate.assignment))
      said[parts_->index.add(feature)] += value;
    design.said.assign(said.begin(), said.end());
    parts_->known.push_back(std::move(design));
  }
  Known& design = parts_->known[at->second];
  design.fitted.reset();
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
  std::vector<const Candidate*> open;
  for (const Candidate* design : designs)
    if (const Known* own = p.find(*design); !own || !own->fitted) open.push_back(design);
  const Eigen::VectorXd means = p.model.predict(p.rows_of(open, nullptr));
  Eigen::Index at = 0;
  std::vector<double> beliefs;
  for (const Candidate* design : designs) {
    const Known* own = p.find(*design);
    double& belief = beliefs.emplace_back(own && own->fitted ? *own->fitted : means[at++]);
    if (!own) continue;
    const Scaled result = p.scale.scaled(*own->results[own->highest], own->highest);
    const double noise = p.model.noise();
    belief += noise / (noise + result.excess) * (result.value - belief);
  }
  return beliefs;
}

double Inquisitor::worth(const Candidate& design) const {
  const Parts& p = *parts_;
  const Known& own = p.known[p.numbers.at(design.hash)];
  const double fitted =
      own.fitted ? *own.fitted : p.model.predict(p.rows_of({&design}, nullptr))[0];
  const Scaled result = p.scale.scaled(*own.results[own.highest], own.highest);
  const double noise = p.model.noise();
  const double share = p.model.leverage() * noise / (noise + result.excess);
  return p.scale.value_at(fitted + share * (result.value - fitted));
}

std::vector<std::vector<double>> Inquisitor::draws(const std::vector<const Candidate*>& designs,
                                                   int count, double boldness,
                                                   std::uint64_t seed) const {
  const Parts& p = *parts_;
  std::vector<double> unseen;
  const FeatureRows rows = p.rows_of(designs, &unseen);
  const Eigen::VectorXd mean = p.model.predict(rows);
  spec::Random random(seed);
  const auto normals = [&](Eigen::Index size) {
    Eigen::MatrixXd drawn(size, count);
    for (double& one : drawn.reshaped()) one = random.normal();
    return drawn;
  };
  const Eigen::MatrixXd weights = normals(rows.cols()), seen = normals(p.data.values.size()),
                        own = normals(rows.rows());
  p.settings.poll();
  const Eigen::MatrixXd shift = rows * p.model.precision().draws(weights, seen);
  std::vector<std::vector<double>> drawn(static_cast<std::size_t>(count));
  for (std::size_t draw = 0; draw < drawn.size(); ++draw)
    for (std::size_t i = 0; i < designs.size(); ++i) {
      const auto row = static_cast<Eigen::Index>(i), column = static_cast<Eigen::Index>(draw);
      drawn[draw].push_back(
          mean[row] + boldness * (shift(row, column) + std::sqrt(unseen[i]) * own(row, column)));
    }
  return drawn;
}

}  // namespace atto::gen
