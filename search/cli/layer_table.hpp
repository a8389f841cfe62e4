#pragma once
// The layers of a network with their shapes and costs, as a table and as JSON.

#include <nlohmann/json.hpp>
#include <string>

#include "prototypes/network/network.hpp"

namespace atto::cli {

std::string layer_table(const net::Network& network);
nlohmann::ordered_json layers_json(const net::Network& network);
nlohmann::ordered_json outputs_json(const net::Network& network);

}  // namespace atto::cli
