#pragma once
// A data set in memory: one buffer of 8-bit pixels, labels, and the three splits.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trainer/data/datasets.hpp"

namespace atto::train {

class InstanceSet;

/// Images of one size with their labels. pixels [count, height, width, channels].
struct Images {
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
  std::vector<std::string> left_out;  ///< names of files that could not be decoded
};

/// Per channel, of pixels scaled to [0, 1].
struct Normalisation {
  std::array<float, 4> mean{}, stddev{1, 1, 1, 1};
};

struct Dataset {
  DatasetInfo info;  ///< counts as loaded
  Images images;     ///< delivered training images first (val/ beside test/ last), then test
  std::vector<std::int32_t> train, validation, test;  ///< indices into images, rising
  Normalisation normalisation;                        ///< of the train split
  std::vector<std::string> class_names;
  /// Where images are pictures with objects; `images` is then empty, and their numbers are those
  /// of instances/instance_dataset.hpp.
  std::shared_ptr<const InstanceSet> instances;

  std::int64_t image_bytes() const {
    return std::int64_t{info.channels} * info.height * info.width;
  }
  const std::uint8_t* image(std::int32_t index) const {
    return images.pixels.data() + index * image_bytes();
  }
};

/// Reads a data set at the resolution of `info`. The validation split is carved from the training
/// images, stratified, with a fixed seed: the same images for everyone; or it is the folder's own.
/// Throws EnvironmentError naming the file: truncated, wrong magic or size, 1 % or more of an image
/// folder's files unreadable, memory exhausted.
Dataset load_dataset(const DatasetInfo& info);

}  // namespace atto::train
