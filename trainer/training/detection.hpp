#pragma once
// The tasks of saying where objects are and what they are, with masks or without: a detector of
// several networks (detector.hpp), judged by COCO's average precision.

#include <memory>

#include "trainer/training/detector.hpp"
#include "trainer/training/task.hpp"

namespace atto::train {

/// The request has a detector, the data set is one of instances. Anchors that are not stated are
/// fitted to the training objects; the weights' metadata have them.
std::unique_ptr<Task> make_detection(const TaskSetting& setting);

/// Throws EnvironmentError for a data set without objects, of other classes or another input.
void expect_detector(const net::DetectorParts& parts, const Dataset& data);

/// Returns what reference.safetensors holds of pictures: as the detector sees them ("inputs" and,
/// of each, the height and width of what is not filled up, "seen"), and as metadata what is in
/// them.
net::TensorFile detection_pictures(const Dataset& data, std::span<const std::int32_t> images,
                                   int threads);
/// The same of the first images, fewer of a large detector, with what LibTorch finds in them.
net::TensorFile detection_reference(const net::DetectorParts& parts, const Dataset& data,
                                    std::span<const std::int32_t> images,
                                    const TrainedWeights& trained);

/// Returns what a detector says of images, in their pictures' own pixels; a detection's picture is
/// its image's place in the list.
std::vector<det::Detection> detections_of(Detector& detector, const Dataset& data,
                                          std::span<const std::int32_t> images, int batch,
                                          int threads);

}  // namespace atto::train
