#pragma once
// What `atto export` and the end of a campaign share: a trained model into checked files.

#include <filesystem>
#include <string>
#include <vector>

#include "design_specs/requirements/design_spec.hpp"
#include "export/targets/exporting.hpp"

namespace atto::cli {

/// Stands for all formats.
inline constexpr const char* kAllFormats = "all";

struct ExportRequest {
  std::filesystem::path source, design;  ///< as read_trained_model takes them
  std::vector<std::string> targets;  ///< names, or "all"; of a list, a format without `precision`
                                     ///< is written in F32
  deploy::Precision precision = deploy::Precision::F32;
  std::string calibrate;  ///< for I8: a data set or an image file; empty = calibration.safetensors
                          ///< beside the weights, made where it is missing
  bool has_float_io = false;           ///< for I8, of formats that have both
  std::string name = net::kModelStem;  ///< of the files, and of what C declares
  std::filesystem::path out;           ///< empty = beside the weights
  std::filesystem::path reference;     ///< empty = beside the weights, made where it is missing
};

std::vector<std::string> format_names();
/// Returns the problems of a spec that asks for formats that nothing writes, or none of what its
/// task trains; `name`: of its file.
std::vector<Problem> unwritable_formats(const spec::DesignSpec& spec, const std::string& name);
/// Throws them as SpecError.
void expect_writable(const spec::DesignSpec& spec);
/// Throws EnvironmentError where this machine lacks what a format takes, which is there.
void expect_tools(const spec::DesignSpec& spec);
/// Writes and checks every target. Of "all", those that this machine cannot write are left out, as
/// their artefacts say. Throws SpecError for an unknown target, EnvironmentError.
std::vector<deploy::Artefact> export_trained(const ExportRequest& request);

}  // namespace atto::cli
