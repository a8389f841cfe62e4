#pragma once
// Data sets for detectors: pictures with any number of objects, each a box, a class, often a mask.
// Pictures are read or made one at a time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "prototypes/detection/metrics/annotations.hpp"

namespace atto::train {

enum class Split : std::uint8_t { Train, Validation, Test };
inline constexpr std::array<std::string_view, 3> kSplitNames = {"train", "validation", "test"};

struct InstanceInfo {
  std::string name;
  std::filesystem::path folder;  ///< absolute; empty for sets that are made
  std::vector<det::Category> categories;
  std::vector<std::string> notes;  ///< what was passed over, a sentence for people each
  std::string digest;              ///< equal sets, equal digests
  bool is_by_path = false;         ///< found as a path, not by a name on the search path
  int tile = 0;  ///< side of what a network sees of a picture at a time (tiles.hpp); 0 = all
};

/// One picture and its objects.
struct InstancePicture {
  int height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> pixels;      ///< [height, width, channels]
  std::vector<det::Annotation> objects;  ///< learnable ones
  int tile = 0;  ///< side of the square that fills a network's input; 0: all of the picture
};

class InstanceSet {
 public:
  virtual ~InstanceSet() = default;
  const InstanceInfo& info() const { return info_; }
  virtual std::size_t pictures(Split split) const = 0;
  /// Throws EnvironmentError where a file cannot be decoded, or has another size than its
  /// annotations say.
  virtual InstancePicture picture(Split split, std::size_t index) const = 0;
  /// What detections of the split are judged by: all objects, degenerate ones too.
  virtual det::Annotations annotations(Split split) const = 0;
  /// Looks for the pictures' files. Returns what is missing, a sentence for people each.
  virtual std::vector<std::string> missing() const { return {}; }

 protected:
  InstanceInfo info_;
};

/// Says whether a network can learn from an object: its box, cut off at the picture's borders, has
/// sides of a pixel or more.
bool is_learnable(const det::Annotation& object, int height, int width);

/// Where a set is, without reading it.
struct InstanceLocation {
  std::string name;
  std::filesystem::path path;  ///< empty where it is not found, or is made
  std::string how_to_get;      ///< one line for people
  bool is_made = false;        ///< no files of its own
};

/// Returns the sets that are made, and folders with instances_*.json on the search path.
std::vector<InstanceLocation> locate_instance_sets();

/// Says whether a folder has annotations/instances_*.json (COCO's layout) or instances_*.json
/// (ours, with images/).
bool is_instance_folder(const std::filesystem::path& folder);

/// Opens a set: "fashion_scenes" or "synthetic_instances", which take numbers as in
/// "fashion_scenes:size=128,train=2000,validation=200,test=500,seed=1"; a folder's name on the
/// search path; or its path, relative to `base` (empty: the working directory). Each may end in
/// ":tiles=SIDE" (tiles.hpp). Throws EnvironmentError: not found; SpecError: a number out of range,
/// a fault in a file of annotations.
std::unique_ptr<InstanceSet> open_instance_set(const std::string& name,
                                               const std::filesystem::path& base = {});

/// Says whether the name means a set of instances, so that open_instance_set() is to be asked.
bool is_instance_set(const std::string& name, const std::filesystem::path& base = {});

}  // namespace atto::train
