#include "trainer/training/training_run.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <system_error>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"
#include "trainer/data/batches.hpp"
#include "trainer/training/probes.hpp"
#include "trainer/training/trained_files.hpp"

namespace atto::train {
namespace {

constexpr double kReportSeconds = 0.5;

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

double process_cpu_seconds() {
  return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}
double wall_seconds() {
  return seconds_of(CLOCK_MONOTONIC);
}

TrainingRun::TrainingRun(const TrialRequest& request, const Dataset& data, const TaskMaker& make,
                         Device device, const Progress& progress)
    : request_(request),
      files_(request, kCheckpointStem, kCheckpointEnding),
      data_(data),
      progress_(progress),
      identity_(identity_text(request)),
      subset_(training_subset(data, request.images)),
      validation_(validation_subset(
          data, subset_, request.phase == Phase::Final ? std::nullopt : request.validation_images)),
      batch_(static_cast<int>(
          std::min<std::size_t>(static_cast<std::size_t>(request.recipe.batch), subset_.size()))),
      task_(make({request, data, device, batch_})),
      layout_(task_->layout()) {}

void TrainingRun::stop(Outcome outcome, std::string reason) {
  result_.outcome = outcome;
  result_.reason = std::move(reason);
}

/// Takes up the checkpoint, or begins.
void TrainingRun::start() {
  std::error_code error;
  std::filesystem::create_directories(request_.own_folder(), error);
  if (error) throw EnvironmentError("cannot create", request_.own_folder().string(), error.value());
  ReadCheckpoint read =
      read_checkpoint(files_.to_read(), identity_, layout_.trained, request_.task.kind.scores);
  ignored_checkpoint_ = read.ignored;
  if (read.checkpoint) {
    at_ = std::move(*read.checkpoint);
  } else {
    at_.state.weights = task_->initial_weights();
    if (request_.start) take_weights(layout_, request_.start->file, at_.state.weights);
    at_.state.momentum.assign(layout_.trained, 0.0F);
    if (request_.recipe.ema > 0) at_.state.averaged = at_.state.weights;
  }
  first_epoch_ = static_cast<int>(at_.epochs.size());
  for (const EpochRecord& record : at_.epochs)
    if (record.epoch <= request_.to_epoch) result_.epochs.push_back(record);
  // A process that died after its last checkpoint may not have handed over that epoch's responses.
  if (request_.wants_responses && !result_.epochs.empty() &&
      result_.epochs.size() == at_.epochs.size() && request_.is_judged(result_.epochs.back().epoch))
    probe_epoch(result_.epochs.back());
}

/// Returns false when asked to stop. At most two calls a second.
bool TrainingRun::report(double share_of_epoch) {
  const double now = wall_seconds();
  if (!progress_ || (share_of_epoch < 1 && now - last_report_ < kReportSeconds)) return true;
  last_report_ = now;
  const double done = static_cast<double>(at_.epochs.size()) - first_epoch_ +
                      (share_of_epoch < 1 ? share_of_epoch : 0);
  return progress_(done / std::max(1, request_.to_epoch - first_epoch_), result_);
}

/// Returns false when the run ends here: stopped, or diverged.
bool TrainingRun::train_epoch(int epoch, EpochTotals& totals) {
  const auto size = static_cast<std::size_t>(batch_);
  const std::size_t steps = subset_.size() / size;
  const std::vector<std::int32_t> order = epoch_order(subset_, request_.seed, epoch);
  std::vector<float> gradients(layout_.trained);
  const double started = wall_seconds();
  for (std::size_t step = 0; step < steps; ++step) {
    const auto images = std::span(order).subspan(step * size, size);
    const double loss = task_->step(at_.state.weights, images, epoch, gradients);
    if (!std::isfinite(loss)) {
      stop(Outcome::Diverged,
           fmt::format("loss is not finite in epoch {}, step {}", epoch, step + 1));
      return false;
    }
    const auto total_step =
        static_cast<std::int64_t>(static_cast<std::size_t>(epoch - 1) * steps + step);
    totals.loss += loss / static_cast<double>(steps);
    totals.rate = learning_rate_at(request_.recipe, total_step, static_cast<std::int64_t>(steps),
                                   request_.horizon_epochs);
    clip(gradients, request_.recipe.clip_norm);
    update(at_.state, gradients, layout_.decayed, request_.recipe, totals.rate, total_step);
    if (!report(static_cast<double>(step + 1) / static_cast<double>(steps + 1))) {
      stop(Outcome::Interrupted, "asked to stop");
      return false;
    }
  }
  training_seconds_ += wall_seconds() - started;
  trained_images_ += static_cast<std::int64_t>(steps * size);
  return true;
}

const TrainedWeights& TrainingRun::trained() {
  if (!trained_.weights.empty()) return trained_;
  trained_.weights = at_.state.averaged.empty() ? at_.state.weights : at_.state.averaged;
  trained_.statistics = task_->statistics(trained_.weights, subset_);
  return trained_;
}

/// Measures the weights after an epoch; stops the run where they are of no use.
void TrainingRun::judge_epoch(EpochRecord& record) {
  const Judgement judgement = task_->judge(trained(), validation_);
  record.validation_loss = judgement.loss;
  record.validation = judgement.scores;
  if (!judgement.fault.empty()) {
    stop(Outcome::Diverged, fmt::format("{} after epoch {}", judgement.fault, record.epoch));
    return;
  }
  if (request_.wants_responses) probe_epoch(record);
}

void TrainingRun::probe_epoch(EpochRecord& record) {
  const double started = process_cpu_seconds();
  record.responses = task_->probe(trained().weights, stimulus_images(subset_, batch_));
  record.probe_cpu_seconds = process_cpu_seconds() - started;
}

/// Returns false when the network diverged.
bool TrainingRun::end_epoch(int epoch, const EpochTotals& totals, double started) {
  const double limit = task_->hopeless_loss();
  if (totals.loss > limit) {
    stop(Outcome::Diverged,
         fmt::format("mean loss of epoch {} is {:.3g}, over {:.3g}", epoch, totals.loss, limit));
    return false;
  }
  trained_ = {};
  EpochRecord record;
  record.epoch = epoch;
  record.train_loss = totals.loss;
  record.learning_rate = totals.rate;
  record.validation_loss = std::numeric_limits<double>::quiet_NaN();
  if (request_.is_judged(epoch)) judge_epoch(record);
  if (result_.outcome != Outcome::Finished) return false;
  record.cpu_seconds = process_cpu_seconds() - started;
  at_.epochs.push_back(record);
  result_.epochs.push_back(record);
  return true;
}

/// What a finished trial leaves behind, and the one look at the test split.
void TrainingRun::finish() {
  if (at_.epochs.size() > static_cast<std::size_t>(request_.to_epoch)) return;
  if (request_.judge_test) {
    Judgement judgement = task_->judge(trained(), data_.test);
    result_.test = std::move(judgement.scores);
    result_.right = std::move(judgement.right);
    result_.matches = std::move(judgement.matches);
  }
  if (request_.phase != Phase::Final) return;
  write_weights(request_.own_folder() / kWeightsName, request_, data_, *task_, trained());
  write_reference(request_.own_folder() / kReferenceName, data_, layout_, trained(),
                  task_->reference(trained(), reference_images(data_)));
}

void TrainingRun::score() {
  constexpr std::size_t kScoredImages = 64;
  const double started = process_cpu_seconds();
  result_.scores = task_->score(task_->initial_weights(), spread_images(subset_, kScoredImages));
  result_.score_cpu_seconds = process_cpu_seconds() - started;
}

TrialResult TrainingRun::run() {
  const double started = process_cpu_seconds();
  start();
  if (request_.wants_scores) score();
  last_report_ = wall_seconds();
  while (static_cast<int>(at_.epochs.size()) < request_.to_epoch) {
    const int epoch = static_cast<int>(at_.epochs.size()) + 1;
    const double epoch_started = process_cpu_seconds();
    EpochTotals totals;
    if (!train_epoch(epoch, totals) || !end_epoch(epoch, totals, epoch_started)) break;
    write_checkpoint(files_.file_after(epoch), identity_, at_, request_.task.kind.scores);
    files_.note_written(result_.epochs.back());
    if (!report(1) && epoch < request_.to_epoch) {
      stop(Outcome::Interrupted, "asked to stop");
      break;
    }
  }
  if (result_.outcome == Outcome::Finished) finish();
  result_.cpu_seconds = process_cpu_seconds() - started;
  if (training_seconds_ > 0)
    result_.images_per_second = static_cast<double>(trained_images_) / training_seconds_;
  return result_;
}

}  // namespace atto::train
