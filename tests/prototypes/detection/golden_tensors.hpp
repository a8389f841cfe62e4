#pragma once
// Results of other libraries: JSON files below tests/data/detection, tensors as {shape, values}.

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "prototypes/detection/boxes.hpp"

namespace atto::test {

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Reads tests/data/detection/NAME.
nlohmann::json golden(const std::string& name);

std::vector<float> floats(const nlohmann::json& tensor);
/// Of a tensor [n, 4].
std::vector<det::Box> boxes(const nlohmann::json& tensor);

/// Returns the largest difference of two lists of one length.
double farthest(const std::vector<float>& a, const std::vector<float>& b);

}  // namespace atto::test
