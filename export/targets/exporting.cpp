#include "export/targets/exporting.hpp"

#include <vector>

#include "design_specs/errors.hpp"
#include "design_specs/requirements/task_kind.hpp"
#include "prototypes/language/artefact_names.hpp"

namespace atto::deploy {
namespace {

namespace fs = std::filesystem;

/// A folder for files that nobody may use yet; it is removed at the end, with all that is in it.
class Unchecked {
 public:
  explicit Unchecked(const fs::path& file)
      : folder_(file.parent_path() / ("." + file.filename().string() + ".unchecked")) {
    std::error_code error;
    fs::remove_all(folder_, error);
    fs::create_directory(folder_, error);
    if (error) throw EnvironmentError("cannot make", folder_.string(), error.value());
  }
  ~Unchecked() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Unchecked(const Unchecked&) = delete;
  Unchecked& operator=(const Unchecked&) = delete;

  fs::path operator/(const fs::path& name) const { return folder_ / name; }

  /// Gives all the files their names, or none.
  void become(const std::vector<fs::path>& files) const {
    for (std::size_t i = 0; i < files.size(); ++i) {
      const fs::path from = folder_ / files[i].filename();
      std::error_code error, ignored;
      fs::rename(from, files[i], error);
      if (!error) continue;
      for (std::size_t done = 0; done < i; ++done) fs::remove(files[done], ignored);
      throw EnvironmentError("cannot rename", files[i].string(), error.value());
    }
  }

 private:
  const fs::path folder_;
};

std::string file_name(const Target& target, Precision precision, const std::string& name) {
  const std::string infix =
      precision == Precision::F32 ? "" : "." + std::string(precision_name(precision));
  return name + infix + std::string(target.extension);
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
                   const fs::path& folder, const std::string& name) {
  require_precision(target, source.precision);
  if (reference.logits.empty())
    throw SpecError({{kReferenceName, "/logits", "the file must hold it", ""}});
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw EnvironmentError("cannot make", folder.string(), error.value());
  Artefact artefact;
  artefact.target = target.name;
  artefact.precision = source.precision;
  artefact.file = folder / file_name(target, source.precision, name);
  std::vector<fs::path> files;
  for (const std::string_view companion : target.companions)
    artefact.companions.push_back(fs::path(artefact.file).replace_extension(companion));
  files = artefact.companions;
  files.push_back(artefact.file);  // the last: where it is, all are
  const Unchecked unchecked(artefact.file);
  const fs::path written = unchecked / artefact.file.filename();
  target.write(source, written);
  for (const fs::path& file : files) artefact.bytes += fs::file_size(unchecked / file.filename());
  const Ran ran = target.run(source, written, reference);
  artefact.not_run = ran.not_run;
  artefact.parity.score = spec::task_kinds().front().main_score();
  if (ran.not_run.empty()) {
    artefact.parity = compare(ran.logits, reference);
    artefact.trouble = misses(artefact.parity, source.precision);
  }
  if (artefact.trouble.empty())
    unchecked.become(files);
  else
    for (const fs::path& file : files) fs::remove(file, error);
  return artefact;
}

}  // namespace atto::deploy
