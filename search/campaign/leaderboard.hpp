#pragma once
// The ranking of a tier, made from the ledger alone.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "search/campaign/terms.hpp"

namespace atto::search {

/// Mean and sample standard deviation (0 for one value).
struct Spread {
  double mean = 0, deviation = 0;
  int count = 0;
};
Spread spread_of(const std::vector<double>& values);

/// One final training.
struct FinalRun {
  int replica = 0;
  std::uint64_t seed = 0;
  train::Outcome outcome = train::Outcome::Finished;
  spec::ScoreValues validation, test;
};

struct Entry {
  int rank = 0;  ///< 1 = best
  DesignRow design;
  /// The board's score on validation, by rung; absent where not reached.
  std::vector<std::optional<double>> rungs;
  int reached = -1;                        ///< highest rung with a result
  spec::ScoreValues searched;              ///< every score there
  std::vector<FinalRun> finals;            ///< by replica; empty unless a finalist
  std::optional<Spread> validation, test;  ///< of the board's score, over the final runs
  double value = 0;                        ///< of `maximise`: final mean, or at the highest rung
  std::vector<std::string> misses;         ///< empty means 1_r = 1
  std::string trouble;                     ///< why it diverged or failed
  bool is_lost = false;                    ///< diverged or failed
  bool is_refused = false;                 ///< before training: `trouble` says why
  spec::Figures figures;                   ///< where asked for; latency with random weights
  std::optional<double> confirmed_ms;      ///< with its trained weights, once it won
  bool is_on_front = false;                ///< Pareto: validation, params, MACs at the top rung
  double cpu_seconds = 0, wasted_cpu_seconds = 0, saved_cpu_seconds = 0;
  bool is_reused = false;  ///< some result came from another ledger

  bool is_finalist() const { return !finals.empty(); }
};

struct Leaderboard {
  int tier = 0;
  std::string tier_name;
  spec::Score score;                                    ///< what it is ranked by, and shows
  bool shows_latency = false, shows_footprint = false;  ///< the tier asks for it
  std::vector<Entry> entries;  ///< by rank: finalists first, then by highest rung, 1_r, value, hash

  /// The first finalist, when it meets 1_r.
  const Entry* winner() const;
  /// The replica with the best validation among those that finished; -1 when none.
  int best_replica(const Entry& entry) const;
  /// A hash of hashes, order and metrics (times excluded): equal campaigns, equal digest.
  std::uint64_t digest() const;
};

Leaderboard make_leaderboard(Ledger& ledger, const Campaign& campaign, int tier);

/// What designs are held to be worth, in units of the value, by hash.
using Beliefs = std::unordered_map<std::uint64_t, double>;

/// Returns the hashes of the designs to train in full: the best `count` at the top rung, by beliefs
/// where there are any, else by results.
std::vector<std::string> choose_finalists(const Leaderboard& board, const Terms& terms, int count,
                                          const Beliefs& beliefs = {});

}  // namespace atto::search
