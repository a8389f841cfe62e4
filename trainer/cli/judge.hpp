#pragma once
// Detections that some program found, judged by a data set: `atto eval --detections FILE`.

#include <filesystem>
#include <string>
#include <vector>

#include "prototypes/detection/metrics/annotations.hpp"

namespace atto::cli {

struct Judging {
  std::filesystem::path detections;  ///< COCO's result format
  std::string data;                  ///< a set of instances, or a file of annotations
  std::string split;                 ///< "test", "validation", "train"; of a file nothing
  bool is_json = false;
};

/// Prints COCO's twelve numbers for boxes, and for masks where all objects and detections have
/// them; and AP by class. Returns the exit code.
int tell_judged(const det::Annotations& truth, const std::vector<det::Detection>& found,
                bool is_json);

/// The same of files. Throws as the readers do.
int judge(const Judging& what);

}  // namespace atto::cli
