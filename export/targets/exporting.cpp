#include "export/targets/exporting.hpp"

#include "design_specs/errors.hpp"
#include "prototypes/language/artefact_names.hpp"

namespace atto::deploy {
namespace {

namespace fs = std::filesystem;

/// A file that is removed at the end unless it was given its name.
class Unchecked {
 public:
  explicit Unchecked(const fs::path& file)
      : path(file.parent_path() / ("." + file.filename().string() + ".unchecked")) {}
  ~Unchecked() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
  Unchecked(const Unchecked&) = delete;
  Unchecked& operator=(const Unchecked&) = delete;

  void become(const fs::path& file) const {
    std::error_code error;
    fs::rename(path, file, error);
    if (error) throw EnvironmentError("cannot rename", path.string(), error.value());
  }

  const fs::path path;
};

std::string file_name(const Target& target, Precision precision) {
  const std::string infix =
      precision == Precision::F32 ? "" : "." + std::string(precision_name(precision));
  return net::kModelStem + infix + std::string(target.extension);
}

}  // namespace

void require_precision(const Target& target, Precision precision) {
  if (!target.can_write(precision))
    throw SpecError({{"--to", "",
                      "the target " + std::string(target.name) + " has no " +
                          std::string(precision_name(precision)),
                      ""}});
}

Artefact export_to(const Target& target, const ExportSource& source, const ImageSet& reference,
                   const fs::path& folder) {
  require_precision(target, source.precision);
  if (reference.logits.empty())
    throw SpecError({{kReferenceName, "/logits", "the file must hold it", ""}});
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw EnvironmentError("cannot make", folder.string(), error.value());
  Artefact artefact{std::string(target.name),
                    source.precision,
                    folder / file_name(target, source.precision),
                    0,
                    {},
                    {}};
  const Unchecked file(artefact.file);
  target.write(source, file.path);
  artefact.bytes = fs::file_size(file.path);
  artefact.parity = compare(target.run(file.path, reference), reference);
  artefact.trouble = misses(artefact.parity, source.precision);
  if (artefact.trouble.empty())
    file.become(artefact.file);
  else
    fs::remove(artefact.file, error);
  return artefact;
}

}  // namespace atto::deploy
