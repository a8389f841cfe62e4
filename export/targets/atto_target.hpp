#pragma once
// The target "atto": our own model file, run by our own engine.

#include "export/targets/targets.hpp"

namespace atto::deploy {

bool can_write_atto(Precision precision);
void write_atto(const ExportSource& source, const std::filesystem::path& file);
std::vector<float> run_atto(const std::filesystem::path& file, const ImageSet& images);

}  // namespace atto::deploy
