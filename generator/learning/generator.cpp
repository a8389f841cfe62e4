#include "generator/learning/generator.hpp"

#include <algorithm>
#include <cmath>

#include "generator/space/space_parts.hpp"

namespace atto::gen {
namespace {

// A direction is tried at this size first and halved until it stays in the trust region.
constexpr double kLargestStep = 8, kLargestWidthStep = 4;
constexpr int kHalvings = 12;
// Designs on whose contexts the divergence of a step is measured.
constexpr std::size_t kJudgedDesigns = 48;

using Distributions = std::vector<std::vector<double>>;

/// Calls `use(decision)` for every structure decision of a design that has a choice.
template <class Use>
void for_choices(const DecisionForest& forest, const net::Assignment& design, Use&& use) {
  for (std::size_t d = 0; d < design.size(); ++d) {
    const auto id = static_cast<net::DecisionId>(d);
    if (design[d] != net::kInactive && !forest.is_width(id) && forest.allowed(id).size() > 1)
      use(id);
  }
}

/// The distributions of every choice of the first designs, in order.
Distributions distributions(const Generator& generator, const std::vector<Weighed>& designs) {
  Distributions all;
  const std::size_t count = std::min(designs.size(), kJudgedDesigns);
  for (std::size_t i = 0; i < count; ++i)
    for_choices(generator.traits().forest(), *designs[i].assignment, [&](net::DecisionId id) {
      all.push_back(generator.probabilities(id, *designs[i].assignment));
    });
  return all;
}

/// The largest mean KL(after || before) of one decision.
double divergence(const Generator& generator, const std::vector<Weighed>& designs,
                  const Distributions& before) {
  const DecisionForest& forest = generator.traits().forest();
  std::vector<double> sum(forest.size()), count(forest.size());
  const std::size_t judged = std::min(designs.size(), kJudgedDesigns);
  std::size_t at = 0;
  for (std::size_t i = 0; i < judged; ++i)
    for_choices(forest, *designs[i].assignment, [&](net::DecisionId id) {
      const std::vector<double> after = generator.probabilities(id, *designs[i].assignment);
      const std::vector<double>& old = before[at++];
      double kl = 0;
      for (std::size_t a = 0; a < after.size(); ++a) kl += after[a] * std::log(after[a] / old[a]);
      sum[static_cast<std::size_t>(id)] += kl;
      count[static_cast<std::size_t>(id)] += 1;
    });
  double largest = 0;
  for (std::size_t d = 0; d < sum.size(); ++d)
    if (count[d] > 0) largest = std::max(largest, sum[d] / count[d]);
  return largest;
}

}  // namespace

Generator::Generator(const FeasibleSpace& space, bool with_context)
    : space_(&space),
      with_context_(with_context),
      traits_(std::make_unique<DecisionTraits>(space.parts().forest, with_context)) {}
Generator::~Generator() = default;

void Generator::set_space(const FeasibleSpace& space) {
  space_ = &space;
  *traits_ = DecisionTraits(space.parts().forest, with_context_);
}

std::optional<Candidate> Generator::sample(std::uint64_t seed, Workspace& workspace) const {
  spec::Random random(seed);
  return space_->sample(random, workspace, this);
}

// A feature may be numbered before theta has a place for it: it is 0 then.
double Generator::at(const Feature& feature) const {
  const auto f = static_cast<std::size_t>(index_.find(feature));
  return f < theta_.size() ? theta_[f] : 0;
}

void Generator::softmax(net::DecisionId id, const net::Assignment& before,
                        std::span<const std::int32_t> allowed, std::vector<double>& weights) const {
  std::vector<Feature> said;
  weights.assign(allowed.size(), 0.0);
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    said.clear();
    traits_->say(id, allowed[i], before, said);
    for (const Feature& feature : said) weights[i] += at(feature);
  }
  const double largest = *std::max_element(weights.begin(), weights.end());
  double sum = 0;
  for (double& weight : weights) sum += weight = std::exp(weight - largest);
  for (double& weight : weights) weight /= sum;
}

void Generator::weigh(net::DecisionId id, const net::Assignment& before,
                      std::span<const std::int32_t> allowed, std::vector<double>& weights) const {
  softmax(id, before, allowed, weights);
  for (double& weight : weights)
    weight = (1 - kUniformShare) * weight + kUniformShare / static_cast<double>(allowed.size());
}

std::vector<double> Generator::probabilities(net::DecisionId id,
                                             const net::Assignment& before) const {
  std::vector<double> weights;
  weigh(id, before, traits_->forest().allowed(id), weights);
  return weights;
}

double Generator::width_shift(net::DecisionId id) const {
  std::vector<Feature> said;
  traits_->say_width(id, said);
  double shift = 0;
  for (const Feature& feature : said) shift += at(feature);
  return shift;
}

bool Generator::is_width(std::size_t feature) const {
  return index_.features()[feature].kind >= FeatureKind::Width;
}

std::vector<double> Generator::gradient(const std::vector<Weighed>& designs) {
  const DecisionForest& forest = traits_->forest();
  std::vector<double> direction(theta_.size());
  std::vector<Feature> said;
  const auto add = [&](double amount) {
    for (const Feature& feature : said) {
      const auto f = static_cast<std::size_t>(index_.add(feature));
      if (f >= direction.size()) direction.resize(f + 1);
      direction[f] += amount / static_cast<double>(designs.size());
    }
  };
  std::vector<double> weights;
  for (const Weighed& design : designs) {
    const net::Assignment& assignment = *design.assignment;
    for_choices(forest, assignment, [&](net::DecisionId id) {
      const auto allowed = forest.allowed(id);
      softmax(id, assignment, allowed, weights);
      for (std::size_t a = 0; a < allowed.size(); ++a) {
        const bool is_taken = allowed[a] == assignment[static_cast<std::size_t>(id)];
        said.clear();
        traits_->say(id, allowed[a], assignment, said);
        add(design.advantage * ((is_taken ? 1.0 : 0.0) - weights[a]));
      }
    });
    double mean = 0, count = 0;
    const auto for_widths = [&](auto&& use) {
      for (std::size_t d = 0; d < assignment.size(); ++d)
        if (const auto id = static_cast<net::DecisionId>(d);
            assignment[d] != net::kInactive && forest.is_width(id))
          use(id, traits_->relative_width(id, assignment[d]));
    };
    for_widths([&](net::DecisionId, double width) { mean += width, ++count; });
    // Relative to the design's other widths: the common scale is the budget's.
    for_widths([&](net::DecisionId id, double width) {
      said.clear();
      traits_->say_width(id, said);
      add(design.advantage * (width - mean / count));
    });
  }
  return direction;
}

void Generator::move(const std::vector<double>& start, const std::vector<double>& direction,
                     double size) {
  for (std::size_t f = 0; f < start.size(); ++f)
    if (!is_width(f)) theta_[f] = start[f] + size * direction[f];
}

ThetaStep Generator::advance(const std::vector<Weighed>& designs, const TrustRegion& region) {
  ThetaStep step;
  if (designs.empty()) return step;
  const Distributions before = distributions(*this, designs);
  const std::vector<double> direction = gradient(designs);
  theta_.resize(direction.size());
  const std::vector<double> start = theta_;
  step.size = kLargestStep;
  for (int halving = 0; halving < kHalvings; ++halving, step.size /= 2) {
    move(start, direction, step.size);
    step.divergence = divergence(*this, designs, before);
    if (step.divergence <= region.divergence) break;
  }
  if (step.divergence > region.divergence) {
    theta_ = start;
    step.size = step.divergence = 0;
  }
  double largest = 0;
  for (std::size_t f = 0; f < direction.size(); ++f)
    if (is_width(f)) largest = std::max(largest, std::abs(direction[f]));
  const double stretch = largest > 0 ? std::min(kLargestWidthStep, region.width_step / largest) : 0;
  for (std::size_t f = 0; f < direction.size(); ++f)
    if (is_width(f))
      theta_[f] = std::clamp(theta_[f] + stretch * direction[f], -region.largest_width,
                             region.largest_width);
  return step;
}

Theta Generator::theta() const {
  Theta entries;
  for (std::size_t f = 0; f < theta_.size(); ++f)
    if (theta_[f] != 0) entries.push_back({index_.features()[f], theta_[f]});
  return entries;
}

void Generator::set_theta(const Theta& theta) {
  std::fill(theta_.begin(), theta_.end(), 0.0);
  for (const ThetaEntry& entry : theta) {
    const auto f = static_cast<std::size_t>(index_.add(entry.feature));
    if (f >= theta_.size()) theta_.resize(f + 1);
    theta_[f] = entry.value;
  }
}

}  // namespace atto::gen
