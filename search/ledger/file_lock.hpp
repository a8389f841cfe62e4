#pragma once
// Locks that the death of a process lifts.

#include <filesystem>

namespace atto::search {

/// Whether another process holds the lock of a file. Needs no right to write.
bool is_locked(const std::filesystem::path& file);

/// An exclusive lock on a file, held until destruction or the death of the process.
class FileLock {
 public:
  /// Takes the lock, or holds nothing when another process has it. Throws EnvironmentError.
  explicit FileLock(const std::filesystem::path& file);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  bool is_held() const { return is_held_; }

 private:
  int descriptor_ = -1;
  bool is_held_ = false;
};

}  // namespace atto::search
