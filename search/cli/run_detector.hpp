#pragma once
// `atto run` of a detector: what it finds in pictures, as text, JSON and drawn pictures.

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "export/runtime/detector.hpp"
#include "prototypes/detection/metrics/annotations.hpp"

namespace atto::train {
struct InstancePicture;
}

namespace atto::cli {

/// Whether a file is a detector's; one that cannot be read is not.
bool is_detector_file(const std::filesystem::path& file);
/// Returns a detector's file as it is, and of other paths what model_of() does.
std::filesystem::path model_or_detector_of(const std::filesystem::path& path,
                                           const std::string& command);
/// Opens a detector's file for a command, weights checked. Throws ModelError that names it.
edge::DetectorModel open_detector(const std::filesystem::path& file);

struct DetectorShown {
  double least_score = 0.5;
  std::filesystem::path draw;  ///< folder of drawn pictures; empty = none
  bool is_json = false;
};

class DetectorRun {
 public:
  /// Throws SpecError where no file can be the detector's picture, EnvironmentError.
  DetectorRun(edge::DetectorModel model, const std::string& file, int threads,
              const DetectorShown& shown);

  /// Finds what is in a picture, prints it unless JSON is wanted, and draws it. Returns its entry.
  /// Throws EnvironmentError.
  nlohmann::ordered_json find(const std::string& picture);
  /// Returns the bytes of a PNG file: the picture with what is found in it.
  std::string drawn_png(const train::InstancePicture& picture);

 private:
  /// Runs the detector; what it finds is in the picture's own pixels.
  std::vector<det::Detection> seen_in(const train::InstancePicture& picture, double& ms);
  std::string png_of(const train::InstancePicture& picture,
                     const std::vector<det::Detection>& found) const;
  std::filesystem::path drawn_file(const std::string& picture);

  edge::Detector detector_;
  const DetectorShown shown_;
  std::map<std::string, int> names_;  ///< of drawn pictures, and how often each was wanted
};

}  // namespace atto::cli
