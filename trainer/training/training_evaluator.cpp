#include "trainer/training/training_evaluator.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <new>

#include "design_specs/errors.hpp"
#include "trainer/backend/cpu/kernels.hpp"
#include "trainer/backend/cpu/plan.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/data/instances/instance_dataset.hpp"
#include "trainer/training/detection_samples.hpp"
#include "trainer/training/training_run.hpp"

namespace atto::train {
namespace {

/// Returns the bytes that this process may use: of the machine, or of its control group.
double memory_limit() {
  double limit =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  std::ifstream group("/sys/fs/cgroup/memory.max");
  if (double own = 0; group >> own) limit = std::min(limit, own);
  return limit;
}

double planned_bytes(const TrialRequest& request) {
  const int batch = request.recipe.batch;
  auto bytes = static_cast<double>(cpu::planned_bytes(request.network, batch));
  if (const net::DetectorParts* parts = request.detector.get()) {
    // The coarser levels together take less than the finest.
    bytes += 2 * static_cast<double>(cpu::planned_bytes(parts->proposal, batch));
    bytes += static_cast<double>(cpu::planned_bytes(parts->box, batch * kSampledRegions));
    if (parts->mask)
      bytes += static_cast<double>(cpu::planned_bytes(*parts->mask, batch * kMostMasks));
  }
  return bytes;
}

TrialResult failed(const std::string& reason) {
  TrialResult result;
  result.outcome = Outcome::Failed;
  result.reason = reason;
  return result;
}

}  // namespace

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name"))
      return line.substr(std::min(line.size(), line.find(':') + 2));
  return "unknown";
}

TrainingEvaluator::TrainingEvaluator(TrainerSettings settings) : settings_(settings) {
  cpu::best_kernels();  // refuses an ATTO_TRAIN_ISA that is not here
  prepare_process(settings.threads);
  if (settings.device == DeviceChoice::Cpu) return;
  uses_cuda_ = has_cuda();
  if (settings.device == DeviceChoice::Cuda && !uses_cuda_)
    throw EnvironmentError("device cuda: this LibTorch finds no CUDA device");
}

TrainingEvaluator::~TrainingEvaluator() = default;

Device TrainingEvaluator::device() const {
  return uses_cuda_ ? Device::Cuda : Device::Cpu;
}

const Dataset& TrainingEvaluator::dataset(const TrialRequest& request) {
  const spec::Task& task = request.task;
  const net::Shape& input = request.network.input;
  const std::string key =
      request.detector
          ? fmt::format("{} {} in {}x{}x{}", task.dataset, request.data.digest, input.channels,
                        input.height, input.width)
          : fmt::format("{}@{} {}", task.dataset, task.resolution.value_or(0), request.data.digest);
  if (data_ && loaded_ == key) return *data_;
  data_.reset();
  loaded_.clear();
  if (request.detector) {
    data_ = std::make_unique<Dataset>(
        instance_dataset(request.data.digest.empty() ? open_instance_set(task.dataset, task.base)
                                                     : find_instance_set(request.data),
                         input));
    loaded_ = key;
    return *data_;
  }
  data_ = std::make_unique<Dataset>(
      load_dataset(request.data.digest.empty() ? describe_dataset(task)
                                               : find_dataset(request.data, task.resolution)));
  loaded_ = key;
  for (const std::string& name : data_->images.left_out)
    notes_.push_back("image left out: " + name);
  return *data_;
}

TrialResult TrainingEvaluator::evaluate(const TrialRequest& request, const Progress& progress) {
  const Dataset& data = dataset(request);
  const TaskRow& task = find_task(request.task.kind.name);
  task.expect_fit(request, data);
  prepare_process(request.recipe.threads);
  // Memory is promised freely and the process killed later: refuse what cannot be.
  const double needed = planned_bytes(request);
  if (!uses_cuda_ && needed > 0.9 * memory_limit())
    return failed(
        fmt::format("out of memory: a batch of {} needs about {:.1f} GiB, this machine has {:.1f}",
                    request.recipe.batch, needed / (1 << 30), memory_limit() / (1 << 30)));
  try {
    TrainingRun run(request, data, task.make, device(), progress);
    TrialResult result = run.run();
    if (!run.ignored_checkpoint().empty())
      notes_.push_back("checkpoint ignored: " + run.ignored_checkpoint());
    for (std::string& note : run.notes()) notes_.push_back(std::move(note));
    return result;
  } catch (const std::bad_alloc&) {
    return failed("out of memory");
  }
}

std::string TrainingEvaluator::environment() const {
  return fmt::format("evaluator=torch\ndevice={}\ncpu={}\n", uses_cuda_ ? "cuda" : "cpu",
                     cpu_model()) +
         torch_environment();
}

std::vector<std::string> TrainingEvaluator::take_notes() {
  return std::exchange(notes_, {});
}

}  // namespace atto::train
