#pragma once
// What the files of a trained network are called, whoever writes or reads them.

namespace atto::net {

inline constexpr const char* kDesignName = "design.json";
inline constexpr const char* kWeightsName = "weights.safetensors";
inline constexpr const char* kReferenceName = "reference.safetensors";
inline constexpr const char* kCalibrationName = "calibration.safetensors";
/// Of models exported from it; the format's ending follows, before it that of a precision.
inline constexpr const char* kModelStem = "model";

}  // namespace atto::net
