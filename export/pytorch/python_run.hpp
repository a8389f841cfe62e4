#pragma once
// Runs a model.py with the Python of this machine.

#include <filesystem>
#include <string>
#include <vector>

#include "prototypes/network/weights.hpp"

namespace atto::deploy::pytorch {

struct PythonRan {
  std::vector<float> logits;  ///< of every image
  std::string run_by;         ///< the program
  std::string not_run = {};   ///< why this machine could not run it; else empty
};

/// Runs `$PYTHON`, or `python3`, or /usr/bin/python3, whichever has torch, on images [count,
/// channels, height, width] as the network takes them; its files lie beside model.py meanwhile.
/// Throws EnvironmentError where Python has torch and the program fails all the same.
PythonRan run_model_py(const std::filesystem::path& model, const net::Tensor& images);

}  // namespace atto::deploy::pytorch
