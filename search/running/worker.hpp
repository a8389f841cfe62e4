#pragma once
// A worker: claims jobs of a run folder, trains them, commits results.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "search/running/stop_signals.hpp"
#include "trainer/evaluator.hpp"

namespace atto::search {

struct WorkerOptions {
  std::string name;               ///< unique; empty = host and process id
  int parent = 0;                 ///< the coordinator's process id: it dies with it; 0 = none
  double patience_seconds = 600;  ///< idle time after which a worker without a parent leaves
  /// Its cores are its own, as in a job of Slurm: how many finalists train elsewhere is no matter.
  bool has_own_cores = false;
};

/// Why a worker ended.
enum class WorkerEnd : std::uint8_t { Finished, Interrupted, Idle };

/// Works until the campaign is finished, a signal asks to stop, or patience ends. Throws
/// EnvironmentError: no ledger, or what the evaluator cannot cure (the job goes back).
WorkerEnd run_worker(train::Evaluator& evaluator, const std::filesystem::path& folder,
                     const WorkerOptions& options, StopSignals& signals);

/// Asks the kernel to kill this process when its parent dies, and dies at once when the parent is
/// not `parent` any more. Call it early in main; does nothing for parent 0.
void die_with_parent(int parent);

}  // namespace atto::search
