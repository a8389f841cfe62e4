#pragma once
// Writes an artefact and checks it before anybody can use it.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "export/targets/targets.hpp"

namespace atto::deploy {

struct Artefact {
  std::string target;
  Precision precision = Precision::F32;
  std::filesystem::path file;                          ///< model.onnx, model.int8.onnx, ...
  std::vector<std::filesystem::path> companions = {};  ///< model.h, ...
  std::uintmax_t bytes = 0;                            ///< of all its files
  Parity parity;                                       ///< of no images where it was not run
  std::string trouble;      ///< what it misses, and then there is no file; empty when all is well
  std::string run_by;       ///< what ran it; empty where nothing did
  std::string not_run;      ///< why this machine could not run it, and then nothing was compared
  std::string not_written;  ///< why this machine could not write it, and then there is no file
};

/// Throws SpecError when the target does not have the precision, for some model or for this one.
void require_precision(const Target& target, Precision precision);
void require_precision(const Target& target, const TrainedModel& model, Precision precision);
/// Throws EnvironmentError when this machine lacks what the target takes.
void require_tools(const Target& target);

/// What there is to say of a target that this machine cannot write.
Artefact not_written(const Target& target, Precision precision, const std::string& why);

/// Files of one target, written and compared in a folder of their own, until they get their names.
class CheckedExport {
 public:
  /// Writes the model into a new folder inside of `folder` (made where it is missing), runs it on
  /// the reference images and compares. Throws SpecError for a precision that the target does not
  /// have and for a reference without logits or objects, and what the target throws.
  /// `name`: of the files, without their endings.
  CheckedExport(const Target& target, const ExportSource& source, const ImageSet& reference,
                const std::filesystem::path& folder, const std::string& name);
  CheckedExport(CheckedExport&&) noexcept;
  ~CheckedExport();  ///< removes what has no name yet

  /// Gives all files their names when they agree, or when this machine cannot run them, which the
  /// artefact says; when they do not agree, removes them, and older ones of those names.
  Artefact take_names();

 private:
  class Unchecked;
  Artefact artefact_;
  std::vector<std::filesystem::path> names_;  ///< in the folder; the last is artefact_.file's
  std::unique_ptr<Unchecked> unchecked_;
};

/// Both in turn.
Artefact export_to(const Target& target, const ExportSource& source, const ImageSet& reference,
                   const std::filesystem::path& folder, const std::string& name = net::kModelStem);

}  // namespace atto::deploy
