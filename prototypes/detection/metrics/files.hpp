#pragma once
// Annotations and detections as files of COCO: instances_*.json, and results that pycocotools
// reads. Files are hostile until read: every fault is told with its place, and memory is bounded by
// what the file says truly.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prototypes/detection/metrics/annotations.hpp"

namespace atto::det {

/// A picture has at most so many pixels, as decoders read.
inline constexpr std::int64_t kMostPixels = std::int64_t{1} << 26;

/// Reads {images, categories, annotations}; a mask is a list of polygons, or runs as a list or
/// compressed. Keys that we do not know are passed over. An annotation has a box, a mask or both;
/// without a box it has that of its mask. Throws SpecError: not JSON, ids that are there twice or
/// not at all, masks of another size than their picture.
Annotations read_annotations(std::string_view text, const std::string& name);
/// As above; throws EnvironmentError where the file cannot be read or has over 2^30 bytes.
Annotations read_annotations(const std::filesystem::path& file);

/// Reads a list of {image_id, category_id, score, bbox, segmentation}; one of the last two may be
/// missing. Throws as read_annotations(), and for ids that the truth does not have.
std::vector<Detection> read_results(std::string_view text, const std::string& name,
                                    const Annotations& truth);
std::vector<Detection> read_results(const std::filesystem::path& file, const Annotations& truth);

/// Returns the text of such a list, numbers to the last bit, masks compressed. A detection whose
/// area is not its box's has only its mask there, so that pycocotools takes the area of that.
std::string results_text(std::span<const Detection> detections, const Annotations& truth);
/// Returns the text of annotations, ids counted from 1.
std::string annotations_text(const Annotations& truth);

}  // namespace atto::det
