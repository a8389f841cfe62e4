#pragma once
// The rows of a campaign's ledger as plain structs.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "design_specs/requirements/metrics.hpp"
#include "search/latency/latency_meter.hpp"
#include "search/ledger/words.hpp"
#include "trainer/evaluator.hpp"

namespace atto::search {

/// What a job is for: a design that a person included, one that the strategy proposed, or a
/// finalist trained in full.
enum class Stage : std::uint8_t { Include, Search, Final };

/// A design known to the campaign.
struct DesignRow {
  std::string hash;  ///< 16 hex digits
  Origin origin = Origin::Machine;
  std::string how;  ///< "sampled", "mutation of HASH", the file that a person handed over, ...
  std::string assignment;  ///< chosen indices, comma-separated; empty for a person's design
  std::string text;    ///< the design's JSON; empty for a machine's (realised from the assignment)
  std::string misses;  ///< cost requirements missed, "; "-separated, empty when none
  spec::Costs costs;
  std::string pinned;  ///< ids of the decisions that people had pinned, comma-separated
};

/// One piece of work: bring one design to one epoch.
struct Job {
  std::int64_t id = 0;
  int tier = 0;
  Stage stage = Stage::Search;
  std::int64_t position = 0;  ///< in the tier's sequence of proposals (of its stage)
  std::int64_t seen = 0;      ///< results the strategy had seen when it proposed this
  std::string hash;
  int rung = 0;  ///< index into search.rungs; 0 for finalists
  int replica = 0;
  int to_epoch = 1;
  int horizon = 1;
  std::uint64_t seed = 0;
  /// The figure that the design was judged by in this tier; absent where none was asked for.
  std::optional<double> latency_ms;

  train::Phase phase() const {
    return stage == Stage::Final ? train::Phase::Final : train::Phase::Search;
  }
};

/// How a job ended, as committed.
struct Verdict {
  train::Outcome outcome = train::Outcome::Finished;
  std::string reason;
  spec::ScoreValues validation;           ///< at the last epoch
  std::optional<double> validation_loss;  ///< there too
  spec::ScoreValues test;
  double cpu_seconds = 0;         ///< spent on what was kept
  double wasted_cpu_seconds = 0;  ///< spent by attempts that died
  double images_per_second = 0;
  std::string reused_from;          ///< the run folder it was copied from; empty when trained here
  double original_cpu_seconds = 0;  ///< of a reused one
  std::int64_t finish_order = 0;    ///< 1, 2, ... in the order of commits
};

enum class State : std::uint8_t { Ready, Claimed, Done };

struct JobRow {
  Job job;
  State state = State::Ready;
  std::int64_t attempt = 0;
  std::string worker;
  std::string process;  ///< that claimed it last: a mark of search/ledger/process_mark.hpp
  int epochs_done = 0;
  Verdict verdict;  ///< where Done; costs so far otherwise
};

/// A job in the hands of a worker. `attempt` is the fencing token: only the newest may write.
struct Claim {
  Job job;
  std::int64_t attempt = 0;
  int known_epochs = 0;  ///< committed earlier for this design, phase and replica
};

/// What a worker without a job has to know.
struct Glance {
  bool is_finished = false, has_work = false;
  std::int64_t pause = 0;  ///< that holds now; 0 = none
};

/// Claims whose workers gave no sign of life, for people: those that were released, and those that
/// were not, because their processes run all the same.
struct LostClaims {
  std::vector<std::string> released, silent;
};

/// The training curve of one design, phase and replica.
struct CurveKey {
  std::string hash;
  train::Phase phase = train::Phase::Search;
  int replica = 0;
};

/// What probes of a trained network gave; empty where it was not probed.
struct Responses {
  net::ResponsesByModule modules;
  double cpu_seconds = 0;
};

/// What was measured without training; empty where it was not.
struct Scores {
  net::ScoresByModule modules;
  double cpu_seconds = 0;
};

struct EpochValue {
  std::string hash;
  int epoch = 0;
  double value = 0;  ///< NaN where the epoch was not judged
};

/// What a strategy held after a cycle of learning; it planned the proposals from `position` on.
struct CycleRow {
  int tier = 0;
  std::int64_t cycle = 1, position = 0, seen = 0;  ///< `seen`: results it knew
  std::string text;                                ///< JSON
};

/// One request of a person who steers.
struct SteerRow {
  std::int64_t id = 0;
  /// Milliseconds since 1970; equal within one command, and larger than in any before it.
  std::int64_t at = 0;
  SteerKind kind = SteerKind::Note;
  std::string text;    ///< "PATH=VALUE", the note, the design's file
  std::string hash;    ///< of the design to try; else empty
  int only_tier = -1;  ///< -1: every tier
  /// Where it took effect: before proposal `position` of `tier`, when `seen` results were known;
  /// -1 = not yet.
  int tier = -1;
  std::int64_t position = -1, seen = -1;

  bool is_in_effect() const { return tier >= 0; }
};

/// A measured latency. It holds for one machine and one version of what ran on it.
struct LatencyRow {
  std::string hash, host, runtime;
  spec::LatencySetting setting;
  bool is_trained = false;  ///< with the winner's weights; else with random ones
  Latency latency;
  std::optional<double> predicted_ms;  ///< before it was measured
  std::int64_t at = 0;                 ///< milliseconds since 1970, or after the figure before it
};

struct Event {
  double at = 0;  ///< seconds since 1970
  std::string kind, text;
};

/// Sums over a ledger.
struct Totals {
  std::int64_t jobs = 0, ready = 0, claimed = 0, done = 0, failed = 0, diverged = 0, reused = 0;
  std::int64_t refused = 0;  ///< of those done
  double cpu_seconds = 0, wasted_cpu_seconds = 0, saved_cpu_seconds = 0;
  /// Parts of the CPU-seconds of trials: responses of modules, scores without training.
  double probe_cpu_seconds = 0, score_cpu_seconds = 0;
  /// Of the processes that planned, learnt and kept the ledger; known once they have ended well.
  double coordinator_cpu_seconds = 0;
};

/// Reads a hash of 16 hex digits, as rows hold it. Throws EnvironmentError: the ledger is damaged.
std::uint64_t read_hash(const std::string& text);

}  // namespace atto::search
