#pragma once
// The names of a trial's checkpoints. Where attempts may overlap (a worker that lost its job does
// not know it yet), each writes into a folder of its own, and each epoch to a file of its own: no
// file is written twice, so that nobody reads a stale one, whatever a shared file system caches.

#include <string>
#include <vector>

#include "trainer/evaluator.hpp"

namespace atto::train {

class CheckpointFiles {
 public:
  /// `stem` and `ending` make the name of the only file: "checkpoint" ".safetensors". `request`
  /// outlives this.
  CheckpointFiles(const TrialRequest& request, std::string stem, std::string ending)
      : request_(request), stem_(std::move(stem)), ending_(std::move(ending)) {}

  /// What may be continued, the best first.
  std::vector<std::filesystem::path> to_read() const;
  std::filesystem::path file_after(int epoch) const;
  /// Says in the record of the last epoch that its checkpoint is written, and removes those of this
  /// attempt that nobody needs any more: the one before is kept, should this one not be readable.
  void note_written(EpochRecord& record) const;

 private:
  std::string name(int epoch) const;
  const TrialRequest& request_;
  std::string stem_, ending_;
};

}  // namespace atto::train
