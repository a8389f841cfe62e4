#pragma once
// Slurm's commands as small scripts that answer what a test says.

#include <filesystem>
#include <string>

namespace atto::test {

/// Puts squeue, sbatch, scancel and sinfo into a folder, and the folder first into PATH, until
/// destruction. What they are called with is in its file "asked", a line a call.
///
/// * squeue prints the file "queue". sbatch says the next job number and adds its workers to
///   "queue", waiting. scancel empties it. sinfo prints the file "nodes".
/// * A file NAME.fails makes one fail with its text, NAME.says makes it say that, NAME.hangs lets
///   it take a minute.
class FakeSlurm {
 public:
  explicit FakeSlurm(std::filesystem::path folder);
  ~FakeSlurm();
  FakeSlurm(const FakeSlurm&) = delete;
  FakeSlurm& operator=(const FakeSlurm&) = delete;

  void write(const std::string& name, const std::string& text) const;
  void remove(const std::string& name) const;
  std::string read(const std::string& name) const;
  /// How often a command was called.
  int calls(const std::string& command) const;

 private:
  std::filesystem::path folder_;
  std::string path_before_;
};

}  // namespace atto::test
