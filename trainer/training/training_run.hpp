#pragma once
// One trial: epochs from the last checkpoint to the asked one, then what the trial leaves behind.

#include <span>
#include <string>
#include <vector>

#include "prototypes/language/trained_model.hpp"
#include "trainer/checkpoint_files.hpp"
#include "trainer/evaluator.hpp"
#include "trainer/training/checkpoint.hpp"
#include "trainer/training/task.hpp"

namespace atto::train {

/// The files of a finished trial, in its folder.
using net::kReferenceName;
using net::kWeightsName;

class TrainingRun {
 public:
  /// Trains what `make` makes of the request.
  TrainingRun(const TrialRequest& request, const Dataset& data, const TaskMaker& make,
              Device device, const Progress& progress);
  /// Never throws for what a candidate does; EnvironmentError for what the machine does.
  TrialResult run();
  /// Why a checkpoint that was there was not continued; empty otherwise.
  const std::string& ignored_checkpoint() const { return ignored_checkpoint_; }
  /// The task's (Task::notes).
  std::vector<std::string> notes() const { return task_->notes(); }

 private:
  struct EpochTotals {
    double loss = 0;
    double rate = 0;
  };
  void start();
  void score();
  bool train_epoch(int epoch, EpochTotals& totals);
  bool end_epoch(int epoch, const EpochTotals& totals, double started);
  bool report(double share_of_epoch);
  void stop(Outcome outcome, std::string reason);
  const TrainedWeights& trained();
  void judge_epoch(EpochRecord& record);
  void probe_epoch(EpochRecord& record);
  void finish();

  const TrialRequest& request_;
  const CheckpointFiles files_;
  const Dataset& data_;
  const Progress& progress_;
  const std::string identity_;
  const std::vector<std::int32_t> subset_;
  const std::vector<std::int32_t> validation_;
  const int batch_;
  const std::unique_ptr<Task> task_;
  const ParameterLayout& layout_;
  Checkpoint at_;
  TrainedWeights
      trained_;  ///< of the state after the last finished epoch; empty when not computed yet
  TrialResult result_;
  std::string ignored_checkpoint_;
  int first_epoch_ = 0;  ///< epochs done before this call
  double training_seconds_ = 0, last_report_ = 0;
  std::int64_t trained_images_ = 0;
};

double process_cpu_seconds();
double wall_seconds();

}  // namespace atto::train
