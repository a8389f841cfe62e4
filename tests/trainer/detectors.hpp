#pragma once
// Detectors built by hand for the trainer's tests.

#include "prototypes/network/detector.hpp"

namespace atto::test {

enum class MaskInput { None, OwnCrops, BoxFeatures };

/// Three levels of 64 pixels, some 50 thousand parameters. Smooth ones have tanh for relu, so that
/// differences are near slopes.
net::DetectorParts tiny_detector(int classes, MaskInput mask = MaskInput::OwnCrops,
                                 bool is_smooth = false);

}  // namespace atto::test
