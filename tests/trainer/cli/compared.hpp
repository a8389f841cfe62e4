#pragma once
// What `atto compare` says of trainings, without what they are called.

#include "tests/search/process/process.hpp"

namespace atto::test {

/// "networks" of `atto compare --json WHAT`.
inline nlohmann::json compared(const Scratch& scratch, const std::string& what) {
  nlohmann::json networks = printed(scratch, "compare --json " + what).at("networks");
  for (nlohmann::json& network : networks) network.erase("name");
  return networks;
}

}  // namespace atto::test
