#pragma once
// The rows of a campaign's ledger as plain structs; those of jobs: job_records.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "search/latency/latency_meter.hpp"
#include "search/ledger/job_records.hpp"
#include "search/ledger/words.hpp"

namespace atto::search {

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

/// What one machine trained in one environment.
struct HostRow {
  std::string host, environment;  ///< the latter "key=value" lines
  std::int64_t workers = 0, jobs = 0;
  double cpu_seconds = 0;
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

/// The line of an environment that says what computes there; "" in those of older ledgers.
std::string host_class_in(const std::string& environment);

/// Reads a hash of 16 hex digits, as rows hold it. Throws EnvironmentError: the ledger is damaged.
std::uint64_t read_hash(const std::string& text);

}  // namespace atto::search
