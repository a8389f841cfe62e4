#pragma once
// The generator G(s; theta): a distribution over the decisions of a prototype with context,
// feasible by construction at every theta, deterministic in (theta, s). At theta = 0 it is the
// human prototype: every alternative that was written is equally likely.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "generator/learning/decision_traits.hpp"
#include "generator/space/feasible_space.hpp"

namespace atto::gen {

/// One parameter of the generator.
struct ThetaEntry {
  Feature feature;
  double value = 0;
  friend bool operator==(const ThetaEntry&, const ThetaEntry&) = default;
};
using Theta = std::vector<ThetaEntry>;

/// A design and how much better than the others it is held to be.
struct Weighed {
  const net::Assignment* assignment = nullptr;
  double advantage = 0;  ///< the mean over a list should be 0
};

/// Bounds of one move of theta.
struct TrustRegion {
  double divergence = 0.25;    ///< largest mean KL(new || old) of one decision, in nats
  double width_step = 0.5;     ///< largest change of a width's mean log-odds
  double largest_width = 2.5;  ///< of its absolute value
};

/// What was moved.
struct ThetaStep {
  double size = 0;        ///< factor on the direction
  double divergence = 0;  ///< largest mean KL of one decision
};

class Generator : public Preference {
 public:
  /// Every probability is at least this share of the uniform one: the floor of the entropy.
  static constexpr double kUniformShare = 0.1;

  /// The space must outlive it. Without context theta has one entry per alternative of each
  /// decision.
  Generator(const FeasibleSpace& space, bool with_context);
  ~Generator() override;

  const FeasibleSpace& space() const { return *space_; }
  /// Goes on in another space of the same prototype and input (restricted or bounded otherwise),
  /// which must outlive it. Theta stays; traits() stays the same object.
  void set_space(const FeasibleSpace& space);
  const DecisionTraits& traits() const { return *traits_; }

  /// Draws the design of a seed; nothing where FeasibleSpace::sample() finds nothing.
  std::optional<Candidate> sample(std::uint64_t seed, Workspace& workspace) const;

  /// Returns the probability of each alternative that `space` allows, given the choices before it.
  std::vector<double> probabilities(net::DecisionId id, const net::Assignment& before) const;

  /// Moves theta towards the designs of positive advantage (the gradient of their weighed
  /// log-likelihood, over their final values), as far as the trust region allows.
  ThetaStep advance(const std::vector<Weighed>& designs, const TrustRegion& region);

  /// Returns theta without its zeros.
  Theta theta() const;
  /// Sets theta of the same prototype, restricted otherwise perhaps.
  void set_theta(const Theta& theta);

  void weigh(net::DecisionId id, const net::Assignment& before,
             std::span<const std::int32_t> allowed, std::vector<double>& weights) const override;
  double width_shift(net::DecisionId id) const override;

 private:
  double at(const Feature& feature) const;
  void softmax(net::DecisionId id, const net::Assignment& before,
               std::span<const std::int32_t> allowed, std::vector<double>& weights) const;
  void move(const std::vector<double>& start, const std::vector<double>& direction, double size);
  bool is_width(std::size_t feature) const;
  std::vector<double> gradient(const std::vector<Weighed>& designs);

  const FeasibleSpace* space_;
  bool with_context_;
  std::unique_ptr<DecisionTraits> traits_;
  FeatureIndex index_;
  std::vector<double> theta_;  ///< by feature
};

}  // namespace atto::gen
