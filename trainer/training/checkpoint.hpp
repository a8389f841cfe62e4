#pragma once
// The state of a training run after an epoch, as one file that is whole or absent.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "trainer/evaluator.hpp"
#include "trainer/training/optimiser.hpp"

namespace atto::train {

/// Of the only attempt at a training (CheckpointFiles).
inline constexpr std::string_view kCheckpointName = "checkpoint.safetensors";
inline constexpr const char *kCheckpointStem = "checkpoint", *kCheckpointEnding = ".safetensors";

struct Checkpoint {
  OptimiserState state;
  std::vector<EpochRecord> epochs;
};

/// Returns everything that decides a run's result but its length: design, data, task, recipe, seed,
/// horizon, what it begins with. A checkpoint of another identity is not continued.
std::string identity_text(const TrialRequest& request);

/// Records hold the scores that the task has. Throws EnvironmentError when it cannot be written;
/// the previous one then still stands.
void write_checkpoint(const std::filesystem::path& file, const std::string& identity,
                      const Checkpoint& checkpoint, const std::vector<spec::Score>& scores);

struct ReadCheckpoint {
  std::optional<Checkpoint> checkpoint;
  std::string ignored;  ///< why a file that is there is not used; empty otherwise
};

/// Reads the first of the files that is a checkpoint of this run; those that are damaged, of
/// another run or of other sizes are ignored.
ReadCheckpoint read_checkpoint(const std::vector<std::filesystem::path>& files,
                               const std::string& identity, std::size_t weights,
                               const std::vector<spec::Score>& scores);

}  // namespace atto::train
