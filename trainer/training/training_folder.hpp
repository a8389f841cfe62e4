#pragma once
// Whose training a folder holds.

#include <filesystem>
#include <string>

#include "trainer/evaluator.hpp"

namespace atto::train {

inline constexpr const char* kResultName = "result.json";

/// Returns what the folder holds that training into it would destroy ("another training:
/// checkpoint.safetensors"); empty for a folder without any, or with this very training, which is
/// continued. `design`: the text of its file.
std::string other_training(const std::filesystem::path& folder, const TrialRequest& request,
                           const std::string& design);

/// Removes a training's files and the models that were exported beside it. Throws EnvironmentError.
void remove_training(const std::filesystem::path& folder);

}  // namespace atto::train
