#pragma once
// Small detectors with random weights.

#include <cstdint>
#include <string>

#include "prototypes/network/detector.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::test {

enum class DetectorKind : std::uint8_t { Masks, Boxes, Crops };

/// Pictures of 64 x 96, three classes: a pyramid of four levels, with masks or of boxes only; or a
/// trunk whose last stage runs on crops, with masks by its features.
net::DetectorParts small_detector(DetectorKind kind);
/// The design that it is, as JSON.
std::string small_design(DetectorKind kind);
/// Of all parts.
net::TensorFile random_weights(const net::DetectorParts& detector, std::uint64_t seed);

/// Returns the weights so changed that all proposals, and all classes of a box, have equal scores.
net::TensorFile undecided(const net::DetectorParts& detector, net::TensorFile weights);

}  // namespace atto::test
