#pragma once
// Detectors of random weights that find many things, and their files in floats and whole numbers.

#include <cstddef>
#include <span>
#include <vector>

#include "export/lowering/lower_detector.hpp"
#include "export/reference/detector_interpreter.hpp"
#include "export/runtime/detector.hpp"
#include "tests/export/format/sample_program.hpp"

namespace atto::test {

struct DetectorCase {
  explicit DetectorCase(net::DetectorParts of, bool is_int8 = false);
  edge::DetectorModel model() const { return edge::DetectorModel::view(aligned.get()); }
  /// Plain loops, on whole numbers where the file has them.
  deploy::DetectorInterpreter oracle() const;
  std::vector<float> picture(std::uint64_t seed) const;

  net::DetectorParts parts;
  net::TensorFile weights;
  deploy::QuantisedPieces pieces;  ///< calibrated on four pictures; empty in floats
  std::vector<std::byte> file;
  AlignedBytes aligned;
};

/// What a detector finds, with masks.
det::Found found_by(edge::Detector& detector, std::span<const float> picture);

/// How often the program has allocated.
std::size_t allocations();

}  // namespace atto::test
