#include "export/targets/exporting.hpp"

#include <fmt/format.h>

#include <vector>

#include "design_specs/errors.hpp"
#include "design_specs/requirements/task_kind.hpp"
#include "prototypes/language/artefact_names.hpp"

namespace atto::deploy {
namespace {

namespace fs = std::filesystem;

using Names = std::vector<fs::path>;  ///< in some folder, or in a folder of it

void remove_files(const Names& names, const fs::path& folder) {
  std::error_code ignored;
  for (const fs::path& name : names) fs::remove(folder / name, ignored);
  for (const fs::path& name : names)
    if (name.has_parent_path()) fs::remove(folder / name.parent_path(), ignored);
}

std::string file_name(const Target& target, Precision precision, const std::string& name) {
  const std::string infix =
      precision == Precision::F32 ? "" : "." + std::string(precision_name(precision));
  return name + infix + std::string(target.extension);
}

}  // namespace

/// A folder for files that nobody may use yet; it is removed at the end, with all that is in it.
class CheckedExport::Unchecked {
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

  /// Gives all the files their names in a folder, or none.
  void become(const Names& names, const fs::path& folder) const {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const fs::path file = folder / names[i];
      std::error_code error;
      fs::create_directories(file.parent_path(), error);
      if (!error) fs::rename(folder_ / names[i], file, error);
      if (!error) continue;
      remove_files({names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i)}, folder);
      throw EnvironmentError("cannot rename", file.string(), error.value());
    }
  }

 private:
  const fs::path folder_;
};

void require_precision(const Target& target, Precision precision) {
  if (!target.can_write(precision))
    throw SpecError({{"--to", "",
                      "the target " + std::string(target.name) + " has no " +
                          std::string(precision_name(precision)),
                      ""}});
}

void require_precision(const Target& target, const TrainedModel& model, Precision precision) {
  if (!model.detector) return require_precision(target, precision);
  if (!target.has(model, precision))
    throw SpecError({{"--to", "",
                      fmt::format("the target {} has no detectors{}", target.name,
                                  target.has(model, Precision::F32)
                                      ? fmt::format(" in {}", precision_name(precision))
                                      : ""),
                      ""}});
}

void require_tools(const Target& target) {
  if (target.require_tools != nullptr) target.require_tools();
}

Artefact not_written(const Target& target, Precision precision, const std::string& why) {
  Artefact artefact;
  artefact.target = target.name;
  artefact.precision = precision;
  artefact.parity.score = spec::task_kinds().front().main_score();
  artefact.not_written = why;
  return artefact;
}

CheckedExport::CheckedExport(const Target& target, const ExportSource& source,
                             const ImageSet& reference, const fs::path& folder,
                             const std::string& name) {
  const std::optional<net::DetectorParts>& detector = source.model.detector;
  require_precision(target, source.model, source.precision);
  require_tools(target);
  if (detector ? reference.found.empty() : reference.logits.empty())
    throw SpecError(
        {{kReferenceName, detector ? "/boxes" : "/logits", "the file must hold it", ""}});
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw EnvironmentError("cannot make", folder.string(), error.value());
  artefact_.target = target.name;
  artefact_.precision = source.precision;
  const fs::path name_of_file = file_name(target, source.precision, name);
  artefact_.file = folder / name_of_file;
  for (const std::string_view companion : target.companions) {
    names_.push_back(fs::path(name_of_file).replace_extension(companion));
    artefact_.companions.push_back(folder / names_.back());
  }
  names_.push_back(name_of_file);  // the last: where it is, all are
  unchecked_ = std::make_unique<Unchecked>(artefact_.file);
  const fs::path written = *unchecked_ / name_of_file;
  target.write(source, written);
  for (const fs::path& name_in : names_) artefact_.bytes += fs::file_size(*unchecked_ / name_in);
  const Ran ran = target.run(source, written, reference);
  artefact_.not_run = ran.not_run;
  if (ran.not_run.empty()) artefact_.run_by = ran.run_by;
  artefact_.parity.score = spec::task_kinds().front().main_score();
  if (ran.logits.empty() && ran.found.empty()) return;
  const Parity parity = detector
                            ? compare(ran.found, reference, detector->settings, source.precision)
                            : compare(ran.logits, reference);
  artefact_.trouble = misses(parity, source.precision);
  if (ran.not_run.empty()) artefact_.parity = parity;
}

CheckedExport::CheckedExport(CheckedExport&&) noexcept = default;
CheckedExport::~CheckedExport() = default;

Artefact CheckedExport::take_names() {
  const fs::path folder = artefact_.file.parent_path();
  if (artefact_.trouble.empty())
    unchecked_->become(names_, folder);
  else
    remove_files(names_, folder);
  unchecked_.reset();
  return std::move(artefact_);
}

Artefact export_to(const Target& target, const ExportSource& source, const ImageSet& reference,
                   const fs::path& folder, const std::string& name) {
  return CheckedExport(target, source, reference, folder, name).take_names();
}

}  // namespace atto::deploy
