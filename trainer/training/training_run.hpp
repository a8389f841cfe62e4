#pragma once
// One trial: epochs from the last checkpoint to the asked one, then what the trial leaves behind.

#include <span>
#include <string>
#include <vector>

#include "prototypes/language/trained_model.hpp"
#include "trainer/evaluator.hpp"
#include "trainer/training/checkpoint.hpp"
#include "trainer/training/evaluation.hpp"

namespace atto::train {

/// The files of a finished trial, in its folder.
using net::kReferenceName;
using net::kWeightsName;

class TrainingRun {
 public:
  TrainingRun(const TrialRequest& request, const Dataset& data, Device device,
              const Progress& progress);
  /// Never throws for what a candidate does; EnvironmentError for what the machine does.
  TrialResult run();
  /// Why a checkpoint that was there was not continued; empty otherwise.
  const std::string& ignored_checkpoint() const { return ignored_checkpoint_; }

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
  bool is_judged(int epoch) const;
  void judge_epoch(EpochRecord& record);
  void probe_epoch(EpochRecord& record);
  void finish();

  const TrialRequest& request_;
  const Dataset& data_;
  const Progress& progress_;
  const std::string identity_;
  const ParameterLayout layout_;
  const std::vector<std::int32_t> subset_;
  const std::vector<std::int32_t> validation_;
  const int batch_;
  std::unique_ptr<Backend> backend_;
  Checkpoint at_;
  TrainedWeights
      trained_;  ///< of the state after the last finished epoch; empty when not computed yet
  TrialResult result_;
  std::string ignored_checkpoint_;
  int first_epoch_ = 0;  ///< epochs done before this call
  double training_seconds_ = 0, last_report_ = 0;
  std::int64_t trained_images_ = 0;
};

/// Writes weights.safetensors: the network's tensors, with what a reader needs to use them as
/// metadata.
void write_weights(const std::filesystem::path& file, const TrialRequest& request,
                   const Dataset& data, const ParameterLayout& layout,
                   const TrainedWeights& trained);

/// Returns what write_reference() is given when nothing else is asked for: the first 64 test
/// images, or validation images where there is no test split.
std::span<const std::int32_t> reference_images(const Dataset& data);

/// Writes reference.safetensors: images as normalised float [N, C, H, W] under "inputs", LibTorch's
/// logits [N, classes] under "logits" and, where the data set has the network's classes, "labels"
/// [N]; the metadata tells which weights they are of.
void write_reference(const std::filesystem::path& file, const net::Network& network,
                     const Dataset& data, std::span<const std::int32_t> images,
                     const ParameterLayout& layout, const TrainedWeights& trained);

double process_cpu_seconds();
double wall_seconds();

}  // namespace atto::train
