#pragma once
// The border between search and training: what a trial asks for and what it gives back. No torch
// here.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "design_specs/requirements/dataset_identity.hpp"
#include "design_specs/requirements/design_spec.hpp"
#include "prototypes/network/detector.hpp"
#include "prototypes/network/network.hpp"
#include "prototypes/network/responses.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::det {
struct MatchRecord;
}

namespace atto::train {

enum class Phase : std::uint8_t { Search, Final };

/// Weights that a training begins with, where the network has tensors of their names and shapes.
struct StartingWeights {
  net::TensorFile file;  ///< F32
  std::string digest;    ///< net::weights_digest
};

/// One piece of training: bring a network from its last checkpoint (or from nothing) to `to_epoch`.
/// An epoch is one pass over the training images of the phase.
struct TrialRequest {
  net::Network network;  ///< at the trained resolution and class count
  /// Of tasks that say where objects are: all parts. `network` is then the trunk.
  std::shared_ptr<const net::DetectorParts> detector = {};
  std::string design_hash;  ///< names checkpoints and weights
  spec::Task task;
  spec::DatasetIdentity data;  ///< what the task's data set must be; empty = whatever is found
  spec::TrainingRecipe recipe;
  Phase phase = Phase::Search;
  std::optional<int> images;  ///< training images used; absent = all
  int to_epoch = 1;           ///< cumulative; stop here
  int horizon_epochs = 1;     ///< where the learning-rate schedule ends (the top rung)
  bool judge_test = false;    ///< evaluate the test split once at the end (finalists only)
  /// Cumulative epochs after which validation is measured, beside `to_epoch`; empty = every
  /// recipe.judge_every. Changes no weight: what is measured is the same for any choice.
  std::vector<int> judged_epochs;
  /// Validation images (Phase::Search); beyond the validation split they are training images that
  /// `images` leaves out. Absent = the whole split and nothing else.
  std::optional<int> validation_images;
  bool wants_responses = false;  ///< probe the modules after every judged epoch
  /// Score the initial weights before training; with to_epoch = 0 nothing else is done.
  bool wants_scores = false;
  std::shared_ptr<const StartingWeights> start;  ///< null = initial weights alone
  std::uint64_t seed = 0;                        ///< from (campaign, design, phase, replica)
  std::filesystem::path folder;                  ///< of the trial
  /// Names the folder below `folder` that this attempt writes to, where several may be under way
  /// at a time (a worker that lost its job and does not know): nobody else writes there. Empty:
  /// there is one, and it writes to `folder`.
  std::string attempt;
  /// Checkpoints of earlier attempts, below `folder`, the newest first. Others are not read.
  std::vector<std::string> checkpoints;

  bool is_judged(int epoch) const {
    if (epoch == to_epoch) return true;
    if (judged_epochs.empty()) return epoch % recipe.judge_every == 0;
    return std::find(judged_epochs.begin(), judged_epochs.end(), epoch) != judged_epochs.end();
  }
  /// Holds checkpoint.*, weights.safetensors, reference.safetensors.
  std::filesystem::path own_folder() const { return folder / attempt; }
};

struct EpochRecord {
  int epoch = 0;               ///< 1-based, cumulative
  double train_loss = 0;       ///< mean over the epoch
  double learning_rate = 0;    ///< at the epoch's last step
  double validation_loss = 0;  ///< NaN where the epoch was not judged
  /// The task's scores, of averaged weights where recipe.ema > 0; empty where not judged.
  spec::ScoreValues validation;
  double cpu_seconds = 0;  ///< of this epoch, evaluation and probes included
  /// By module; empty where not asked for, not judged, or trained by an earlier call.
  net::ResponsesByModule responses;
  double probe_cpu_seconds = 0;  ///< part of cpu_seconds
  /// The file that holds the state after it, below the trial's folder, where an attempt of several
  /// (TrialRequest::attempt) wrote one.
  std::string checkpoint = {};
};

enum class Outcome : std::uint8_t {
  Finished,
  Diverged,     ///< NaN or exploding loss: a result with a reason
  Failed,       ///< this design cannot be trained here (out of memory, ...): a result with a reason
  Interrupted,  ///< asked to stop; the checkpoint holds the last finished epoch
  Refused,      ///< never trained, with a reason: the campaign's verdict, no evaluator's
};

struct TrialResult {
  Outcome outcome = Outcome::Finished;
  std::string reason;               ///< for people; empty when Finished
  std::vector<EpochRecord> epochs;  ///< all epochs so far, lower rungs included
  spec::ScoreValues test;           ///< where request.judge_test and Finished
  std::vector<std::uint8_t> right;  ///< of the test images then (Judgement::right)
  std::shared_ptr<const det::MatchRecord> matches = {};  ///< likewise (Judgement::matches)
  net::ScoresByModule scores;    ///< of the initial weights, where asked for
  double score_cpu_seconds = 0;  ///< part of cpu_seconds
  double cpu_seconds = 0;        ///< spent by this call
  double images_per_second = 0;  ///< of training, this call
};

/// Called after every epoch, and at least every second or so in between, with the share of this
/// call that is done. Returning false asks the evaluator to checkpoint and stop
/// (Outcome::Interrupted).
using Progress = std::function<bool(double share_done, const TrialResult& so_far)>;

class Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// Throws EnvironmentError for what a retry elsewhere may cure (missing data set, full disk); a
  /// bad candidate is a result, never an exception. The same request gives the same result.
  virtual TrialResult evaluate(const TrialRequest& request, const Progress& progress) = 0;
  /// Versions and CPU model: recorded with each trial, "key=value" lines.
  virtual std::string environment() const = 0;
};

}  // namespace atto::train
