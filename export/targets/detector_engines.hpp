#pragma once
// A detector's networks, run one by one by our engine: many times as fast as plain loops.

#include "export/reference/detector_interpreter.hpp"

namespace atto::deploy {

/// Returns what runs the parts in floats, at the level that runs here.
DetectorInterpreter::RunPart run_by_engine(const net::DetectorParts& detector,
                                           const net::TensorFile& weights);

}  // namespace atto::deploy
