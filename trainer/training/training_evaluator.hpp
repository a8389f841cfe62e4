#pragma once
// The evaluator that trains.

#include <memory>
#include <string>

#include "trainer/backend/backend.hpp"
#include "trainer/evaluator.hpp"

namespace atto::train {

struct Dataset;

enum class DeviceChoice : std::uint8_t { Auto, Cpu, Cuda };

struct TrainerSettings {
  DeviceChoice device = DeviceChoice::Auto;
  int threads = 1;  ///< of the process; a trial that asks for another number changes it
};

/// Returns the CPU's name as the system tells it.
std::string cpu_model();

/// Keeps the last data set between calls. One object a process: LibTorch's thread settings are the
/// process's. Throws EnvironmentError when CUDA is asked for and not there, SpecError for an
/// ATTO_TRAIN_ISA that is not.
class TrainingEvaluator : public Evaluator {
 public:
  explicit TrainingEvaluator(TrainerSettings settings);
  ~TrainingEvaluator() override;
  TrialResult evaluate(const TrialRequest& request, const Progress& progress) override;
  std::string environment() const override;
  /// Returns the data set of a request, loading it unless it was the last.
  const Dataset& dataset(const TrialRequest& request);
  Device device() const;
  /// Messages since the last call, for the log: left-out images, ignored checkpoints.
  std::vector<std::string> take_notes();

 private:
  TrainerSettings settings_;
  bool uses_cuda_ = false;
  std::string loaded_;
  std::unique_ptr<Dataset> data_;
  std::vector<std::string> notes_;
};

}  // namespace atto::train
