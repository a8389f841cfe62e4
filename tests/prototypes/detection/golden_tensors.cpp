#include "tests/prototypes/detection/golden_tensors.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "design_specs/files.hpp"

namespace atto::test {

nlohmann::json golden(const std::string& name) {
  return nlohmann::json::parse(
      spec::read_file(std::string(ATTO_SOURCE_DIR "/tests/data/detection/") + name));
}

std::vector<float> floats(const nlohmann::json& tensor) {
  return tensor.at("values").get<std::vector<float>>();
}

std::vector<det::Box> boxes(const nlohmann::json& tensor) {
  const std::vector<float> values = floats(tensor);
  std::vector<det::Box> all;
  for (std::size_t i = 0; i + 3 < values.size(); i += 4)
    all.push_back({values[i], values[i + 1], values[i + 2], values[i + 3]});
  return all;
}

double farthest(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(double{a[i]} - b[i]);
    most = difference > most || std::isnan(difference) ? difference : most;
  }
  return most;
}

}  // namespace atto::test
