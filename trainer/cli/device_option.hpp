#pragma once
// The option --device.

#include <string>

#include "search/cli/worker_options.hpp"
#include "trainer/training/training_evaluator.hpp"

namespace atto::cli {

/// What add_device_option let through.
inline train::DeviceChoice device_of(const std::string& device) {
  if (device == "cpu") return train::DeviceChoice::Cpu;
  return device == "cuda" ? train::DeviceChoice::Cuda : train::DeviceChoice::Auto;
}

}  // namespace atto::cli
