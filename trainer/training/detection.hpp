#pragma once
// The tasks of saying where objects are and what they are, with masks or without: a detector of
// several networks (detector.hpp), judged by COCO's average precision.

#include <memory>

#include "trainer/training/detector.hpp"
#include "trainer/training/task.hpp"

namespace atto::train {

/// The request has a detector whose anchors are stated; the data set is one of instances.
std::unique_ptr<Task> make_detection(const TaskSetting& setting);

/// Throws EnvironmentError for a data set without objects, of other classes or another input.
void expect_detector(const net::DetectorParts& parts, const Dataset& data);

/// Returns anchors fitted to the boxes of the training pictures as the network sees them: a size
/// for each level, and as many ratios as are stated.
spec::AnchorSettings fitted_anchors(const net::DetectorParts& parts, const InstanceSet& set);

/// Returns what a detector says of images, in their pictures' own pixels; a detection's picture is
/// its image's place in the list.
std::vector<det::Detection> detections_of(Detector& detector, const Dataset& data,
                                          std::span<const std::int32_t> images, int batch,
                                          int threads);

}  // namespace atto::train
