#pragma once
// The jobs of a campaign's ledger as plain structs: what is to be done, who does it, how it ended.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "design_specs/requirements/metrics.hpp"
#include "trainer/evaluator.hpp"

namespace atto::search {

/// What a job is for: a design that a person included, one that the strategy proposed, or a
/// finalist trained in full.
enum class Stage : std::uint8_t { Include, Search, Final };

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
  /// What the design was judged by in this tier before it was trained.
  spec::Figures figures;

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
  /// 1, 2, ... in the order of commits; 0 until the coordinator has taken notice.
  std::int64_t finish_order = 0;
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

/// Whether a job that is done counts as finished before another one.
inline bool finished_before(const JobRow& a, const JobRow& b) {
  const auto place = [](const JobRow& row) {  // those without a number are the newest
    return static_cast<std::uint64_t>(row.verdict.finish_order) - 1;
  };
  return place(a) < place(b);
}

/// A job in the hands of a worker. `attempt` is the fencing token: only the newest may write.
struct Claim {
  Job job;
  std::int64_t attempt = 0;
  int known_epochs = 0;  ///< committed earlier for this design, phase and replica
  std::string worker;
  std::int64_t environment = 0;  ///< of the worker
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

}  // namespace atto::search
