#pragma once
// The border between training and what is trained for. A task knows what a sample is (an image and
// what should be said of it), the loss, the judge and the reference. Runs, optimiser and
// checkpoints know flat buffers and the numbers of images in the data set.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prototypes/network/weights.hpp"
#include "trainer/backend/backend.hpp"
#include "trainer/data/dataset.hpp"
#include "trainer/evaluator.hpp"
#include "trainer/training/evaluation.hpp"

namespace atto::train {

/// How good weights are on some images.
struct Judgement {
  double loss = 0;           ///< mean over the images
  spec::ScoreValues scores;  ///< those that the task's row of spec::task_kinds() names
  std::string fault;         ///< what makes the weights useless, as a sentence; empty where nothing
  /// Image by image, 1 where it was got right; empty where the main score is no share of images.
  std::vector<std::uint8_t> right;
  std::shared_ptr<const det::MatchRecord> matches = {};  ///< of detectors; null elsewhere
};

class Task {
 public:
  virtual ~Task() = default;
  /// Where every weight lies in the flat buffers of all calls.
  virtual const ParameterLayout& layout() const = 0;
  /// Returns what training starts from, a function of the request.
  virtual std::vector<float> initial_weights() const = 0;
  /// Writes the gradients of the mean loss of augmented images in an epoch (from 1); returns that
  /// loss. A function of its arguments and the request's seed.
  virtual double step(const std::vector<float>& weights, std::span<const std::int32_t> images,
                      int epoch, std::vector<float>& gradients) = 0;
  /// Returns the running statistics of the weights over training images.
  virtual std::vector<float> statistics(const std::vector<float>& weights,
                                        std::span<const std::int32_t> images) = 0;
  virtual Judgement judge(const TrainedWeights& trained, std::span<const std::int32_t> images) = 0;
  /// A mean loss of an epoch from which no training comes back.
  virtual double hopeless_loss() const = 0;
  /// How the modules react to images (probes.hpp).
  virtual net::ResponsesByModule probe(const std::vector<float>& weights,
                                       std::span<const std::int32_t> images) = 0;
  /// Scores of untrained weights (zero_cost.hpp).
  virtual net::ScoresByModule score(const std::vector<float>& weights,
                                    std::span<const std::int32_t> images) = 0;
  /// The tensors of reference.safetensors: images, and what LibTorch says of them.
  virtual net::TensorFile reference(const TrainedWeights& trained,
                                    std::span<const std::int32_t> images) = 0;
  /// What a reader of the weights must know of this task beside them, by key.
  virtual std::map<std::string, std::string> metadata() const { return {}; }
  /// What people should know of the steps that were taken, a sentence each.
  virtual std::vector<std::string> notes() const { return {}; }
};

/// What a task is made of; request and data outlive it.
struct TaskSetting {
  const TrialRequest& request;
  const Dataset& data;
  Device device = Device::Cpu;
  int batch = 1;  ///< images a step
};
using TaskMaker = std::function<std::unique_ptr<Task>(const TaskSetting&)>;

/// A task that can be trained.
struct TaskRow {
  std::string_view name;  ///< of its row in spec::task_kinds()
  /// Throws EnvironmentError where the data set is not what the request's network or detector is
  /// for, SpecError where that does not say what the task is about.
  void (*expect_fit)(const TrialRequest& request, const Dataset& data);
  std::unique_ptr<Task> (*make)(const TaskSetting& setting);
};

/// Every task, in the order of spec::task_kinds().
std::span<const TaskRow> task_rows();
/// Throws EnvironmentError where there is none: the request is of another version.
const TaskRow& find_task(std::string_view name);

}  // namespace atto::train
