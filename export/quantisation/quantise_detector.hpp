#pragma once
// Post-training quantisation of a detector: each of its networks by itself.

#include <span>

#include "export/lowering/lower_detector.hpp"
#include "export/reference/detector_interpreter.hpp"

namespace atto::deploy {

/// Quantises a detector, whose networks `run` runs in floats: each by what it is handed while the
/// detector finds what is in the pictures [count, channels, height, width]. Of a network's inputs,
/// levels and crops among them, at most 256 at equal distances count, and fewer of a large one;
/// where no picture has an object, masks are quantised by what is least unlikely to be one. Throws
/// SpecError as quantise(), and where a network is handed nothing.
QuantisedPieces quantise(const net::DetectorParts& detector, const net::TensorFile& weights,
                         std::span<const float> pictures, const DetectorInterpreter::RunPart& run);

}  // namespace atto::deploy
