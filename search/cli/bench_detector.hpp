#pragma once
// `atto bench` of a detector: how long a picture takes, and each part of it.

#include <filesystem>

namespace atto::cli {

struct DetectorBench {
  std::filesystem::path file;
  int threads = 1, rounds = 31;
  bool is_json = false;
};

/// Prints it; returns the exit code. Throws ModelError that names the file.
int bench_detector(const DetectorBench& what);

}  // namespace atto::cli
