#pragma once
// What is in a .atto file, for `atto inspect`.

#include <filesystem>
#include <string>

#include "export/format/program.hpp"

namespace atto::cli {

/// Returns whether the file begins as a model file does; false when it cannot be read.
bool is_model_file(const std::filesystem::path& file);

/// Opens the model, checks its weights and describes it, as a table or as JSON. Throws ModelError.
std::string model_text(const std::filesystem::path& file, bool is_json);

/// "conv3x3s2", "depthwise+pointwise 3x3s1", "gather".
std::string step_text(const format::Step& step);

}  // namespace atto::cli
