#pragma once
// What people and programs are told of exported files.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "export/targets/exporting.hpp"

namespace atto::cli {

/// A table with a row for each file that agrees or was not run: what it is, how well it agrees, and
/// what ran it. Behind it a line for each format that could not be written.
std::string artefact_table(const std::vector<deploy::Artefact>& artefacts,
                           std::string_view indent = {});
nlohmann::ordered_json artefacts_json(const std::vector<deploy::Artefact>& artefacts);
/// Says on stderr which artefacts were removed and why; returns whether none was.
bool tell_misses(const std::vector<deploy::Artefact>& artefacts);

}  // namespace atto::cli
