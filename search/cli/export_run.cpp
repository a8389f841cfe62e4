#include "search/cli/export_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <future>
#include <map>
#include <optional>

#include "design_specs/errors.hpp"
#include "design_specs/parallel.hpp"
#include "design_specs/reading/text_checks.hpp"
#include "export/runtime/level.hpp"
#include "search/cli/failure.hpp"
#include "search/running/crew.hpp"
#include "search/running/stop_signals.hpp"

namespace atto::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kCalibrationImages = 256,
              kCalibrationPictures = 64;  // of a detector, with many crops

std::string known_formats() {
  return fmt::format("{}", fmt::join(format_names(), ", "));
}

const deploy::Target& target_named(const std::string& name) {
  if (const deploy::Target* target = deploy::find_target(name)) return *target;
  throw SpecError({{"--to", "", "must be of " + known_formats() + ", or all", name}});
}

/// Lets LibTorch compute reference logits; `atto` itself does not link it.
void make_reference(const deploy::TrainedModel& model, const fs::path& file,
                    const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"reference", model.weights_file.string(),
                                        "--design",  model.design_file.string(),
                                        "--out",     file.string(),
                                        "--quiet"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const int code = search::run_program(search::find_trainer(), arguments);
  if (code == 2)
    throw SpecError({{model.weights_file.string(), "", "must suit its data set (see above)", ""}});
  if (code == 130) throw Interruption("interrupted; the same command begins again");
  if (code != 0)
    throw EnvironmentError(
        fmt::format("atto reference ended with exit code {} (see above); images can be given too, "
                    "with --reference and, for int8, --calibrate",
                    code));
}

/// Where a set of images lies, and how it is made where it is not there.
struct ImageFile {
  fs::path file;
  deploy::ImageUse use = deploy::ImageUse::Logits;
  bool must_be_made = false;
  std::vector<std::string> how = {};  ///< more arguments of `atto reference`
};

/// Weights that do not name their data set leave it to a person to give images.
void expect_data(const deploy::TrainedModel& model, const char* option, const char* file) {
  if (!model.metadata.data.name.empty()) return;
  throw SpecError({{model.weights_file.string(), "",
                    fmt::format("names no data set to make {} of; give {}", file, option), ""}});
}

/// Images of the train split; `atto` itself does not read data sets.
ImageFile calibration_of(const ExportRequest& request, const deploy::TrainedModel& model) {
  if (fs::path(request.calibrate).extension() == ".safetensors")
    return {request.calibrate, deploy::ImageUse::Pixels};
  ImageFile images{model.folder() / deploy::kCalibrationName};
  images.how = {"--split", "train", "--images",
                std::to_string(model.detector ? kCalibrationPictures : kCalibrationImages)};
  if (!request.calibrate.empty())
    images.how.insert(images.how.end(), {"--data", request.calibrate});
  images.must_be_made = !request.calibrate.empty() || !fs::exists(images.file);
  if (images.must_be_made && request.calibrate.empty())
    expect_data(model, "--calibrate", deploy::kCalibrationName);
  return images;
}

ImageFile reference_of(const ExportRequest& request, const deploy::TrainedModel& model) {
  if (!request.reference.empty()) return {request.reference};
  ImageFile images{model.folder() / deploy::kReferenceName};
  images.must_be_made = !fs::exists(images.file);
  if (images.must_be_made) expect_data(model, "--reference", deploy::kReferenceName);
  return images;
}

/// Sets of images; what is there is read at once, before others are made, which takes a while.
class Images {
 public:
  Images(std::vector<ImageFile> files, const deploy::TrainedModel& model)
      : files_(std::move(files)), model_(model), sets_(files_.size()) {
    for (std::size_t i = 0; i < files_.size(); ++i)
      if (!files_[i].must_be_made) read(i);
  }

  /// Makes it when it is first asked for.
  const deploy::ImageSet& of(std::size_t i) {
    if (!sets_[i]) {
      make_reference(model_, files_[i].file, files_[i].how);
      read(i);
    }
    return *sets_[i];
  }

 private:
  void read(std::size_t i) {
    const ImageFile& of = files_[i];
    sets_[i] = model_.detector ? deploy::read_image_set(of.file, *model_.detector)
                               : deploy::read_image_set(of.file, model_.network);
    deploy::expect_made_of(*sets_[i], model_, of.use, of.file);
  }

  const std::vector<ImageFile> files_;
  const deploy::TrainedModel& model_;
  std::vector<std::optional<deploy::ImageSet>> sets_;
};

/// Models of one training beside the weights of another would pass for theirs.
void expect_no_other_weights(const fs::path& folder, const deploy::TrainedModel& model) {
  const fs::path there = folder / deploy::kWeightsName;
  std::error_code error;
  if (!fs::exists(there, error) || fs::equivalent(there, model.weights_file, error)) return;
  net::TensorFile weights = net::read_safetensors(there);
  net::widen(weights);
  if (net::weights_digest(weights) != net::weights_digest(model.weights))
    throw SpecError(
        {{"--out", "", "must not hold the weights of another training", there.string()}});
}

/// A name is a file's, and in C the beginning of every other.
void expect_name(const std::string& name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto may_follow = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  };
  constexpr std::size_t kLongest = 64;
  if (name.empty() || name.size() > kLongest || !is_letter(name.front()) ||
      !std::all_of(name.begin(), name.end(), may_follow))
    throw SpecError(
        {{"--name", "", "must be a letter, then letters, digits, _, - and ., at most 64 in all",
          name}});
}

/// Floats at both ends are asked of a format that has them.
void expect_io(const ExportRequest& request, const std::vector<const deploy::Target*>& targets) {
  const auto has_kinds = [](const deploy::Target* target) { return target->has_io_kinds; };
  if (!request.has_float_io || std::any_of(targets.begin(), targets.end(), has_kinds)) return;
  std::vector<std::string_view> known;
  for (const deploy::Target& target : deploy::targets())
    if (target.has_io_kinds) known.push_back(target.name);
  throw SpecError(
      {{"--io", "", fmt::format("needs one of the formats {}", fmt::join(known, ", ")), "float"}});
}

/// Each once, in the order of the list; "all" are those that are not there yet.
std::vector<const deploy::Target*> targets_of(const ExportRequest& request) {
  std::vector<const deploy::Target*> targets;
  const auto add = [&](const deploy::Target& target) {
    if (std::find(targets.begin(), targets.end(), &target) == targets.end())
      targets.push_back(&target);
  };
  for (const std::string& name : request.targets)
    if (name == kAllFormats)
      for (const deploy::Target& target : deploy::targets()) add(target);
    else
      add(target_named(name));
  return targets;
}

/// By target, why this machine cannot write it; empty where it can. A format that was asked for by
/// its name must be one that it can write.
std::vector<std::string> lacking_tools(const ExportRequest& request,
                                       const std::vector<const deploy::Target*>& targets) {
  std::vector<std::string> lacking;
  for (const deploy::Target* target : targets) try {
      deploy::require_tools(*target);
      lacking.emplace_back();
    } catch (const EnvironmentError& error) {
      if (std::count(request.targets.begin(), request.targets.end(), target->name) > 0) throw;
      lacking.emplace_back(error.what());
    }
  return lacking;
}

/// Of a list, the formats without the precision that is asked for are written in float32.
std::vector<deploy::Precision> precisions_of(const ExportRequest& request,
                                             const std::vector<const deploy::Target*>& targets) {
  std::vector<deploy::Precision> precisions;
  for (const deploy::Target* target : targets)
    precisions.push_back(target->can_write(request.precision) ? request.precision
                                                              : deploy::Precision::F32);
  if (!targets.empty() && std::count(precisions.begin(), precisions.end(), request.precision) == 0)
    deploy::require_precision(*targets.front(), request.precision);
  return precisions;
}

/// Of a list, formats whose detectors do not have the precision are written in float32. Of "all",
/// what has no detectors is left out; a format that was asked for by its name must have them.
void expect_detectors(const ExportRequest& request, const deploy::TrainedModel& model,
                      const std::vector<const deploy::Target*>& targets,
                      std::vector<deploy::Precision>& precisions,
                      std::vector<std::string>& lacking) {
  if (!model.detector) return;
  const auto has = [&](const deploy::Target* target) {
    return target->has(model, request.precision);
  };
  const bool is_had = std::any_of(targets.begin(), targets.end(), has);
  for (std::size_t i = 0; i < targets.size(); ++i)
    if (is_had && !has(targets[i])) precisions[i] = deploy::Precision::F32;
  for (std::size_t i = 0; i < targets.size(); ++i) try {
      deploy::require_precision(*targets[i], model, precisions[i]);
    } catch (const SpecError&) {
      if (std::count(request.targets.begin(), request.targets.end(), targets[i]->name) > 0) throw;
      lacking[i] = "it has no detectors";
    }
}

/// Calls body(i) for every i in [0, count), side by side; throws what the first that failed threw.
void side_by_side(std::size_t count, const std::function<void(std::size_t)>& body) {
  std::vector<std::exception_ptr> failed(count);
  spec::parallel_for(count, 1, [&](std::size_t i) {
    try {
      body(i);
    } catch (...) {
      failed[i] = std::current_exception();
    }
  });
  for (const std::exception_ptr& error : failed)
    if (error) std::rethrow_exception(error);
}

/// What is to be written, format by format.
struct Formats {
  std::vector<const deploy::Target*> targets;
  std::vector<deploy::Precision> precisions;
  std::vector<std::string> lacking;  ///< why this machine cannot write it; empty where it can

  std::vector<std::size_t> written_in(bool int8) const {
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < targets.size(); ++i)
      if (lacking[i].empty() && (precisions[i] == deploy::Precision::I8) == int8)
        indices.push_back(i);
    return indices;
  }
};

using Int8Models = std::map<decltype(deploy::Target::quantise), deploy::Int8Model>;

/// Quantises once for all formats that share a function.
Int8Models quantised(const deploy::TrainedModel& model, const deploy::ImageSet& calibration,
                     const Formats& formats) {
  Int8Models models;
  for (const std::size_t i : formats.written_in(true)) models[formats.targets[i]->quantise];
  std::vector<Int8Models::value_type*> each;
  for (auto& one : models) each.push_back(&one);
  side_by_side(each.size(),
               [&](std::size_t i) { each[i]->second = each[i]->first(model, calibration); });
  return models;
}

using Checked = std::vector<std::optional<deploy::CheckedExport>>;

/// Writes and checks all that this machine can write, by format. Those in floats begin at once, and
/// are done beside the calibration of the others.
Checked check_all(const Formats& formats, const ExportRequest& request,
                  const deploy::TrainedModel& model, const fs::path& folder, Images& images) {
  Checked checked(formats.targets.size());
  const deploy::ImageSet& reference = images.of(0);
  const auto check = [&](std::size_t i, const deploy::Int8Model* int8) {
    const bool has_float_io = int8 != nullptr && request.has_float_io;
    checked[i].emplace(*formats.targets[i],
                       deploy::ExportSource{model, formats.precisions[i], int8, has_float_io},
                       reference, folder, request.name);
  };
  const std::vector<std::size_t> in_floats = formats.written_in(false);
  std::future<void> floats = std::async(std::launch::async, [&] {
    const search::StopSignals to_the_main_thread;
    side_by_side(in_floats.size(), [&](std::size_t i) { check(in_floats[i], nullptr); });
  });
  const std::vector<std::size_t> in_int8 = formats.written_in(true);
  if (!in_int8.empty()) {
    const Int8Models int8 = quantised(model, images.of(1), formats);
    side_by_side(in_int8.size(), [&](std::size_t i) {
      check(in_int8[i], &int8.at(formats.targets[in_int8[i]]->quantise));
    });
  }
  floats.get();
  return checked;
}

}  // namespace

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const deploy::Target& target : deploy::targets()) names.emplace_back(target.name);
  return names;
}

std::vector<Problem> unwritable_formats(const spec::DesignSpec& spec, const std::string& name) {
  const auto can_write = [&](const deploy::Target& target) {
    return !spec.task.kind.finds_objects() || target.can_write_detector != nullptr;
  };
  std::vector<std::string_view> known;
  for (const deploy::Target& target : deploy::targets())
    if (can_write(target)) known.push_back(target.name);
  std::vector<Problem> problems;
  for (std::size_t i = 0; i < spec.export_formats.size(); ++i) {
    const spec::ExportFormat& format = spec.export_formats[i];
    if (std::find(known.begin(), known.end(), format.name) == known.end())
      problems.push_back({spec::place_text(name, format.location), fmt::format("/export/{}", i),
                          fmt::format("must be of {}", fmt::join(known, ", ")),
                          '"' + format.name + '"'});
  }
  return problems;
}

void expect_writable(const spec::DesignSpec& spec) {
  std::vector<Problem> problems = unwritable_formats(spec, spec.file.string());
  if (!problems.empty()) throw SpecError(std::move(problems));
}

void expect_tools(const spec::DesignSpec& spec) {
  for (const spec::ExportFormat& format : spec.export_formats)
    deploy::require_tools(*deploy::find_target(format.name));
}

std::vector<deploy::Artefact> export_trained(const ExportRequest& request) {
  expect_name(request.name);
  Formats formats;
  formats.targets = targets_of(request);
  formats.precisions = precisions_of(request, formats.targets);
  formats.lacking = lacking_tools(request, formats.targets);
  expect_io(request, formats.targets);
  edge::chosen_level();  // before images are made, which takes a while
  const deploy::TrainedModel model = deploy::read_trained_design(request.source, request.design);
  expect_detectors(request, model, formats.targets, formats.precisions, formats.lacking);
  const fs::path folder = request.out.empty() ? model.folder() : request.out;
  expect_no_other_weights(folder, model);
  std::vector<ImageFile> files = {reference_of(request, model)};
  if (request.precision == deploy::Precision::I8) files.push_back(calibration_of(request, model));
  Images images(std::move(files), model);

  Checked checked = check_all(formats, request, model, folder, images);
  std::vector<deploy::Artefact> artefacts;  // files get their names when no check broke off
  for (std::size_t i = 0; i < checked.size(); ++i)
    artefacts.push_back(checked[i] ? checked[i]->take_names()
                                   : deploy::not_written(*formats.targets[i], formats.precisions[i],
                                                         formats.lacking[i]));
  return artefacts;
}

}  // namespace atto::cli
