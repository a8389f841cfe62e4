#pragma once
// Writes an artefact and checks it before anybody can use it.

#include <cstdint>
#include <filesystem>
#include <string>

#include "export/targets/targets.hpp"

namespace atto::deploy {

struct Artefact {
  std::string target;
  Precision precision = Precision::F32;
  std::filesystem::path file;  ///< model.onnx, model.int8.onnx, ...
  std::uintmax_t bytes = 0;
  Parity parity;
  std::string trouble;  ///< what it misses, and then there is no file; empty when all is well
};

/// Throws SpecError when the target does not have the precision.
void require_precision(const Target& target, Precision precision);

/// Writes the model into the folder (made where it is missing), runs the file on the reference
/// images and compares. The file gets its name only when it agrees; when it does not, it is
/// removed, and so is an older file of that name. Throws SpecError for a precision that the target
/// does not have and for a reference without logits, and what the target throws.
Artefact export_to(const Target& target, const ExportSource& source, const ImageSet& reference,
                   const std::filesystem::path& folder);

}  // namespace atto::deploy
