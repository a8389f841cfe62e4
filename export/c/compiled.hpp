#pragma once
// Runs a written C file with the compiler of this machine.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace atto::deploy::c {

/// What runs: NAME.c, its header beside it.
struct CompiledModel {
  std::filesystem::path file;
  std::vector<std::string> flags = {"-std=c99", "-O2"};
};

/// Images as pixels [count][height][width][channels], or as values
/// [count][channels][height][width]; one of them is empty.
struct Images {
  std::span<const std::uint8_t> pixels;
  std::span<const float> values;
};

struct Outputs {
  std::vector<float> values;  ///< [count][outputs]
  std::string run_by;         ///< the compiler and its flags
  std::string not_run = {};   ///< why nothing ran; else empty
};

/// Compiles with $CC, or `cc`, in the file's folder, where nothing stays, and runs the images.
/// Throws InternalError with the compiler's first line where it refuses the file alone, or the
/// program fails; EnvironmentError.
Outputs run_compiled(const CompiledModel& model, const Images& images);

}  // namespace atto::deploy::c
