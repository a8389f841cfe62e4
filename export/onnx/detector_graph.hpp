#pragma once
// A detector as one ONNX graph: a picture in, its objects out. The networks are written layer by
// layer; what stands between them (prototypes/detection) in ONNX's own operators.

#include "export/onnx/graph.hpp"
#include "prototypes/network/detector.hpp"

namespace atto::deploy::onnx {

/// The names of a detector's outputs.
inline constexpr const char *kBoxes = "boxes", *kScores = "scores", *kClasses = "classes",
                            *kMasks = "masks", *kCount = "count";

/// Input [1, channels, height, width] float32. With D = settings.detections, all by falling score:
/// "boxes" [D, 4] float32, corners (x1, y1, x2, y2) in pixels of the input; "scores" [D] float32;
/// "classes" [D] int64, from 0; "masks" [D, m, m] float32 in [0, 1] over each box, of a detector
/// that has them; "count" [1] int64. What lies behind `count` is 0. Metadata as of network_graph().
/// Preconditions: the anchors are stated, and the weights are the detector's.
Graph detector_graph(const net::DetectorParts& detector, const net::TensorFile& weights);

}  // namespace atto::deploy::onnx
