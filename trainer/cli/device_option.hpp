#pragma once
// The option --device.

#include <CLI/CLI.hpp>
#include <string>

#include "trainer/torch/torch_evaluator.hpp"

namespace atto::cli {

inline void add_device_option(CLI::App& command, std::string& device) {
  command.add_option("--device", device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
}

inline train::DeviceChoice device_of(const std::string& device) {
  if (device == "cpu") return train::DeviceChoice::Cpu;
  return device == "cuda" ? train::DeviceChoice::Cuda : train::DeviceChoice::Auto;
}

}  // namespace atto::cli
