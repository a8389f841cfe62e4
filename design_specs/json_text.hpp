#pragma once
// JSON as text, for whatever the values came from.

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace atto::spec {

/// Returns the text of a document, on one line or with an indent. Names of files and classes are
/// any bytes: those that are not UTF-8 become U+FFFD, where nlohmann's own default throws.
std::string json_text(const nlohmann::json& json, int indent = -1);
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

}  // namespace atto::spec
