#pragma once
// What is in a .atto file, for `atto inspect`.

#include <filesystem>
#include <string>

#include "export/format/program.hpp"

namespace atto::cli {

/// Opens the model, checks its weights and describes it, as a table or as JSON. Throws ModelError.
std::string model_text(const std::filesystem::path& file, bool is_json);

/// "conv3x3s2", "depthwise+pointwise 3x3s1", "gather".
std::string step_text(const format::Step& step);

}  // namespace atto::cli
