#pragma once
// Small detectors with random weights, and what they find: their networks run by the interpreter,
// with the glue that training has.

#include <cstdint>
#include <span>
#include <string>

#include "prototypes/detection/found_objects.hpp"
#include "prototypes/network/detector.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::test {

enum class DetectorKind : std::uint8_t { Masks, Boxes, Crops };

/// Pictures of 64 x 96, three classes: a pyramid of four levels, with masks or of boxes only; or a
/// trunk whose last stage runs on crops, with masks by its features.
net::DetectorParts small_detector(DetectorKind kind);
/// Of all parts.
net::TensorFile random_weights(const net::DetectorParts& detector, std::uint64_t seed);

/// Returns the weights so changed that all proposals, and all classes of a box, have equal scores.
net::TensorFile undecided(const net::DetectorParts& detector, net::TensorFile weights);

/// Returns what the detector finds in a picture [channels, height, width].
det::Found find_by_reference(const net::DetectorParts& detector, const net::TensorFile& weights,
                             std::span<const float> picture);

}  // namespace atto::test
