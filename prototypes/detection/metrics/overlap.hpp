#pragma once
// What of detections and objects is laid over each other when detections are judged.

namespace atto::det {

enum class Overlap { Boxes, Masks };

}  // namespace atto::det
