#pragma once
// What a detector is made of and what it costs, part by part, for `atto inspect`.

#include <string>

#include "prototypes/network/detector.hpp"

namespace atto::cli {

std::string detector_table(const net::DetectorParts& detector);
std::string detector_json(const net::DetectorParts& detector);

}  // namespace atto::cli
