#pragma once
// Images as a network sees them, with LibTorch's logits, or with the objects that a detector run by
// LibTorch finds: what the trainer writes beside weights.

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "prototypes/detection/found_objects.hpp"
#include "prototypes/detection/metrics/annotations.hpp"
#include "prototypes/language/trained_model.hpp"

namespace atto::deploy {

struct ImageSet {
  net::Shape shape;
  std::int64_t count = 0;
  std::vector<float> inputs;         ///< [count, channels, height, width], normalised
  std::vector<float> logits;         ///< [count, classes]; empty where the file has none
  std::vector<std::int64_t> labels;  ///< [count]; empty where the file has none
  std::vector<det::Found> found;     ///< of a detector, [count]; empty where the file has none
  det::Annotations truth;            ///< what is in them; of no pictures where the file has none
  std::vector<float> seen;           ///< with it, [count, 2]: height and width of the input's upper
                                     ///< left part, which is all of the picture
  std::map<std::string, std::string> metadata;

  std::span<const float> image(std::int64_t index) const {
    const auto elements = static_cast<std::size_t>(shape.elements());
    return std::span(inputs).subspan(static_cast<std::size_t>(index) * elements, elements);
  }
};

/// Reads tensors "inputs", "logits" and "labels" of a safetensors file for this network; the latter
/// two may be absent. Throws SpecError naming the tensor and the rule, EnvironmentError.
ImageSet read_image_set(const std::filesystem::path& file, const net::Network& network);
/// As above, of a detector: "boxes", "scores", "classes" and "masks" in place of logits and labels,
/// and what is in the pictures.
ImageSet read_image_set(const std::filesystem::path& file, const net::DetectorParts& detector);

/// What a set of images is asked for: the logits of these weights, or pixels normalised as theirs.
enum class ImageUse : std::uint8_t { Logits, Pixels };
/// Throws SpecError for a set that was made of other weights (of other pixels, for
/// ImageUse::Pixels; so are files told apart that do not say which weights they are of).
void expect_made_of(const ImageSet& images, const net::TrainedModel& model, ImageUse use,
                    const std::filesystem::path& file);

}  // namespace atto::deploy
