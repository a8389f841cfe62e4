#pragma once
// What a search strategy is: a deterministic function from the results it saw to the next job.

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "design_specs/requirements/design_spec.hpp"
#include "generator/learning/generator.hpp"
#include "generator/learning/inquisitor.hpp"
#include "generator/space/feasible_space.hpp"
#include "prototypes/network/responses.hpp"

namespace atto::search {

/// The next piece of work: a new design, or a known one brought to a higher rung.
struct Proposal {
  std::optional<gen::Candidate> fresh;  ///< absent: `hash` names a design proposed before
  std::uint64_t hash = 0;
  int rung = 0;     ///< index into search.rungs
  std::string how;  ///< for people: "sampled", "mutation of HASH", "promoted"
};

/// What a strategy learns of one job.
struct Observation {
  std::uint64_t hash = 0;
  int rung = 0;
  spec::Metrics metrics;                                    ///< validation at the rung
  double value = -std::numeric_limits<double>::infinity();  ///< of `maximise`
  bool meets = false;                                       ///< 1_r
  bool is_barred = false;            ///< people steer away from it: never promoted
  double cpu_seconds = 0;            ///< of this job
  net::ResponsesByModule responses;  ///< of the trained network; empty where it was not probed
  net::ScoresByModule scores;        ///< without training; empty where not computed
};

/// What a strategy wants measured beside the validation result.
struct Measurements {
  bool responses = false;        ///< of every trained design
  std::int64_t scored_jobs = 0;  ///< new designs among so many first jobs of a tier get scores
};

/// What a strategy that learns holds: its parameters, and what it believes of decisions.
struct Insight {
  gen::Theta theta;
  std::vector<gen::Credit> credits;                     ///< empty before it learnt anything
  std::vector<gen::Weight> weights;                     ///< the heaviest
  std::vector<std::pair<std::string, double>> sources;  ///< shares of the explained variance
  std::vector<double> rung_correlations;                ///< of each rung with the top one
};

/// What people changed while a search runs.
struct Steering {
  const gen::FeasibleSpace* space = nullptr;  ///< to draw from now on; same prototype and input
  std::vector<std::uint64_t> taken;           ///< more designs that it must not propose
  std::vector<std::uint64_t> barred;  ///< designs it proposed that it must not promote any more
};

/// Jobs that bring designs from one rung to another: indices into search.rungs, -1 = untrained.
struct Climb {
  double jobs = 0;
  int from = -1, to = 0;
};

/// How much work a strategy asks for, for the estimate.
struct Workload {
  std::vector<Climb> climbs;
  double jobs() const;
  /// Returns the epochs of all jobs together.
  double epochs(const std::vector<int>& rungs) const;
};

struct StrategySetting {
  const gen::FeasibleSpace* space = nullptr;  ///< must outlive the strategy
  spec::SearchSettings search;
  std::uint64_t seed = 0;            ///< of this tier
  std::vector<std::uint64_t> taken;  ///< designs it must not propose (a person's)
  gen::Theta theta = {};             ///< of the tier above; empty = the human prototype
  /// Called every few designs and every part of a learning step, some 0.3 s apart at most. It may
  /// throw, to leave propose(), observe() or insight() half-way: the strategy is of no use then.
  std::function<void()> poll = [] {};
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  /// Returns the job at `position` (0, 1, ...), or nothing while it has to see more results; when
  /// it has seen all of them, nothing means that it is done. Nothing changes its state.
  virtual std::optional<Proposal> propose(std::int64_t position) = 0;
  /// Takes back the newest proposal, a new design that will not be trained: as if it had never been
  /// tried, but it is not proposed again.
  virtual void refuse(std::uint64_t hash) = 0;
  /// Shows it the next result; each of its proposals that was not refused comes back exactly once.
  virtual void observe(const Observation& observation) = 0;
  /// Raises the number of designs to try.
  virtual void set_candidates(int candidates) = 0;
  /// Returns the designs that it will not promote any more (their checkpoints may go), each once.
  virtual std::vector<std::uint64_t> take_released() = 0;
  /// Takes what people changed; holds from the next proposal on.
  virtual void steer(const Steering& steering) = 0;
  /// Returns the generator's parameters now, for the tier below; empty for strategies without.
  virtual gen::Theta theta() const { return {}; }
  /// Returns how often it has learnt and planned; insight() changes with each.
  virtual std::int64_t cycles() const { return 0; }
  virtual Insight insight() const { return {}; }
  /// Returns what a design that it proposed is held to be worth, in units of the value: less luck
  /// than its last result. Nothing: what the result says.
  virtual std::optional<double> belief(std::uint64_t /*hash*/) const { return {}; }
};

inline Measurements wants_nothing(const spec::SearchSettings& /*search*/) {
  return {};
}

/// A row of the table: each file of a strategy has its own, and strategy.cpp the list.
struct StrategyEntry {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<Strategy> (*make)(const StrategySetting& setting);
  Workload (*workload)(const spec::SearchSettings& search);
  Measurements (*wants)(const spec::SearchSettings& search) = wants_nothing;
};
template <class Made>
std::unique_ptr<Strategy> make_strategy(const StrategySetting& setting) {
  return std::make_unique<Made>(setting);
}

/// Returns all strategies.
std::span<const StrategyEntry> strategies();
/// Returns their names, in order: what a spec may name.
std::span<const std::string_view> strategy_names();
/// Returns the strategy of that name, or nullptr.
const StrategyEntry* find_strategy(std::string_view name);

/// Returns how many designs of `count` go on to the next rung: the share, but at least the
/// finalists.
std::size_t promotions(const spec::SearchSettings& search, std::size_t count);
/// Returns the work of all designs to the first rung and the share of each rung to the next.
Workload halving(const spec::SearchSettings& search);
/// Returns the work of all designs to the top rung at once.
Workload all_to_the_top(const spec::SearchSettings& search);

}  // namespace atto::search
