#pragma once
// Programs of the machine that are run for what they say: compilers, interpreters.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace atto::spec {

/// What run_program() returns where there is no such program, as a shell does.
inline constexpr int kNoProgram = 127;

/// A file for such a program, or of it, that is gone at the end.
struct ScratchFile {
  explicit ScratchFile(std::filesystem::path file) : path(std::move(file)) {}
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  const std::filesystem::path path;
};

/// Runs a program that is searched for in PATH, without input, and waits for it. What it says on
/// either stream goes to a file. Returns its exit code, 128 + the signal that ended it, or
/// kNoProgram.
int run_program(const std::vector<std::string>& arguments, const std::filesystem::path& said);

}  // namespace atto::spec
