#include "trainer/checkpoint_files.hpp"

#include <system_error>

namespace atto::train {

namespace fs = std::filesystem;

/// Below the trial's folder.
std::string CheckpointFiles::name(int epoch) const {
  if (request_.attempt.empty()) return stem_ + ending_;
  return request_.attempt + "/" + stem_ + ".e" + std::to_string(epoch) + ending_;
}

std::vector<fs::path> CheckpointFiles::to_read() const {
  if (request_.attempt.empty()) return {file_after(0)};
  std::vector<fs::path> files;
  for (const std::string& checkpoint : request_.checkpoints)
    files.push_back(request_.folder / checkpoint);
  return files;
}

fs::path CheckpointFiles::file_after(int epoch) const {
  return request_.folder / name(epoch);
}

void CheckpointFiles::note_written(EpochRecord& record) const {
  if (request_.attempt.empty()) return;
  record.checkpoint = name(record.epoch);
  std::error_code ignored;
  fs::remove(file_after(record.epoch - 2), ignored);
}

}  // namespace atto::train
