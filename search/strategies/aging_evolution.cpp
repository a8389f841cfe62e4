// Aging evolution (Real et al., "Regularized evolution", AAAI 2019): the best of a random
// tournament is changed a little, the child joins the population, the oldest leaves. Every design
// is trained to the top rung: one fidelity, as in the paper.
#include <algorithm>
#include <deque>
#include <utility>

#include "prototypes/network/identity.hpp"
#include "search/strategies/rungs.hpp"
#include "search/strategies/to_the_top.hpp"

namespace atto::search {
namespace {

constexpr double kCrossoverShare = 0.25;  ///< our addition: the paper only mutates
constexpr double kSecondChange = 0.3;     ///< probability that a mutation changes one decision more

std::size_t share_of(std::size_t count, double share, std::size_t least, std::size_t most) {
  return std::clamp(static_cast<std::size_t>(share * static_cast<double>(count) + 1e-9), least,
                    most);
}

struct Individual {
  Standing standing;
  net::Assignment assignment;
};

class AgingEvolution : public ToTheTop {
 public:
  /// The paper's 100 and 25 serve 20,000 trials; here both are shares of what the campaign tries.
  explicit AgingEvolution(const StrategySetting& setting)
      : ToTheTop(setting),
        choices_(spec::derive_seed({setting.seed, 0x746f75726eULL})),
        capacity_(share_of(static_cast<std::size_t>(setting.search.candidates),
                           setting.search.evolution.population, 4, 100)),
        tournament_(share_of(capacity_, setting.search.evolution.tournament, 2, 100)) {}

  std::optional<Proposal> propose(std::int64_t position) override {
    if (has_proposed_all()) return {};
    const bool is_young = issued() < static_cast<std::int64_t>(capacity_) || population_.empty();
    std::string how = "sampled";
    std::optional<gen::Candidate> child =
        is_young ? fresh_.sample(position) : offspring(position, how);
    if (!child && !is_young) {
      how = "sampled";
      child = fresh_.sample(position);
    }
    return propose_fresh(std::move(child), std::move(how));
  }

  void observe(const Observation& seen) override {
    std::optional<net::Assignment> assignment = arrive(seen.hash);
    if (!assignment) return;
    population_.push_back({{seen.meets, seen.value, seen.hash}, std::move(*assignment)});
    if (population_.size() > capacity_) population_.pop_front();
  }
  /// Barred parents stay as the worst: their children are repaired.
  void steer(const Steering& steering) override {
    ToTheTop::steer(steering);
    for (Individual& member : population_)
      if (std::count(steering.barred.begin(), steering.barred.end(), member.standing.hash) > 0)
        member.standing.meets = false;
  }

 private:
  const Individual& winner_of_tournament(spec::Random& random) const {
    const Individual* best = nullptr;
    for (std::size_t i = 0; i < tournament_; ++i) {
      const Individual& member = population_[random.below(population_.size())];
      if (!best || member.standing < best->standing) best = &member;
    }
    return *best;
  }

  std::optional<gen::Candidate> offspring(std::int64_t position, std::string& how) const {
    spec::Random random = choices_.fork(static_cast<std::uint64_t>(position));
    const Individual& parent = winner_of_tournament(random);
    const Individual& other = winner_of_tournament(random);
    const std::string name = net::hash_text(parent.standing.hash);
    if (random.uniform() < kCrossoverShare && other.standing.hash != parent.standing.hash) {
      how = "crossover of " + name + " and " + net::hash_text(other.standing.hash);
      auto child = fresh_.draw(position, [&](spec::Random& draws) {
        return fresh_.space().crossover(parent.assignment, other.assignment, draws);
      });
      if (child) return child;
    }
    how = "mutation of " + name;
    return fresh_.draw(position, [&](spec::Random& draws) {
      const int changes = 1 + (draws.uniform() < kSecondChange ? 1 : 0);
      return fresh_.space().mutate(parent.assignment, changes, draws);
    });
  }

  spec::Random choices_;
  std::size_t capacity_, tournament_;
  std::deque<Individual> population_;
};

}  // namespace

extern const StrategyEntry kAgingEvolution;
const StrategyEntry kAgingEvolution = {
    .name = "aging_evolution",
    .summary = "mutation and crossover in a population that ages (Real et al. 2019)",
    .make = make_strategy<AgingEvolution>,
    .workload = all_to_the_top};

}  // namespace atto::search
