#include "export/wasm/web_package.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/markup.hpp"
#include "export/wasm/web_files.hpp"

namespace atto::deploy::web {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kModelBegins = "id=\"model\">";

std::string from_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t word = 0, bits = 0;
  for (const char letter : text.substr(0, text.find('='))) {
    word = word << 6 | static_cast<std::uint32_t>(kLetters.find(letter));
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(word >> bits & 255);
  }
  return bytes;
}

/// Puts texts in place of {{name}} ..., each of which is there.
std::string filled(std::string_view text,
                   const std::vector<std::pair<std::string_view, std::string_view>>& places) {
  std::string made;
  for (std::size_t at = 0;;) {
    const std::size_t next = text.find("{{", at);
    made += text.substr(at, next - at);
    if (next == std::string_view::npos) return made;
    at = text.find("}}", next) + 2;
    const std::string_view name = text.substr(next + 2, at - next - 4);
    for (const auto& [place, what] : places)
      if (place == name) made += what;
  }
}

/// Where the engine may lie: of an installation, of a build.
std::array<fs::path, 2> places_of_engine() {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  return {folder.parent_path() / "share/attoforge/atto_edge.wasm",
          folder.parent_path().parent_path() / "edge-wasm/bin/atto_edge.wasm"};
}

}  // namespace

std::string read_engine() {
  const char* named = std::getenv("ATTO_WASM");
  if (named != nullptr && *named != '\0') return spec::read_file(named);
  std::error_code error;
  for (const fs::path& place : places_of_engine())
    if (fs::is_regular_file(place, error)) return spec::read_file(place);
  throw EnvironmentError(
      "no atto_edge.wasm, which the format web needs: build it with `cmake --preset edge-wasm && "
      "cmake --build --preset edge-wasm`, or name it in ATTO_WASM");
}

std::string page_of(std::string_view name, std::string_view engine, std::string_view model) {
  const std::string engine_text = spec::base64(engine), model_text = spec::base64(model);
  return filled(
      kPage, {{"name", name}, {"engine", engine_text}, {"model", model_text}, {"module", kModule}});
}

std::string model_in(std::string_view page) {
  const std::size_t begin = page.find(kModelBegins) + kModelBegins.size();
  return from_base64(page.substr(begin, page.find('<', begin) - begin));
}

std::string package_json(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return fmt::format(R"({{
  "name": "{}",
  "version": "1.0.0",
  "description": "An image classifier and the engine that runs it",
  "type": "module",
  "exports": {{ ".": "./atto_edge.mjs", "./*": "./*" }},
  "files": ["atto_edge.mjs", "atto_edge.wasm", "model.atto"],
  "engines": {{ "node": ">=18" }},
  "private": true
}}
)",
                     lower);
}

}  // namespace atto::deploy::web
