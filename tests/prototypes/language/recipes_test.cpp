// The recipes of the manual are whole: each reads in its place, and gives the widths it speaks of.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "prototypes/language/prototype.hpp"
#include "prototypes/network/shapes.hpp"

using namespace atto;

namespace {

/// Returns the indented text that follows a line of the manual.
std::string recipe_after(const std::string& line) {
  std::ifstream file(ATTO_SOURCE_DIR "/docs/manual.md");
  std::string text, row;
  while (std::getline(file, row) && row != line) continue;
  REQUIRE(file);
  while (std::getline(file, row) && (row.empty() ? text.empty() : row.starts_with("    ")))
    text += row + "\n";
  return text;
}

net::Shape output_of(const std::string& stages) {
  const std::string text = fmt::format(
      R"({{ "name": "recipe", "input": {{ "channels": 8, "height": 16, "width": 16 }}, "classes": 10,
            "stages": [ {} ] }})",
      stages);
  const net::Prototype prototype(spec::parse_json(text, "recipe.json"));
  const net::Realised realised = net::realise(prototype, {});
  REQUIRE(realised.network);
  return net::infer_shapes(*realised.network).back();
}

std::string one_module(const std::string& module, const std::string& more = "") {
  return fmt::format(R"({{ {} "modules": [ {} ] }})", more, module);
}

}  // namespace

TEST_CASE("The manual's recipes of joins read as they stand") {
  const std::string dense =
      recipe_after("A dense block's module keeps what it read and adds 32 channels:");
  CHECK(output_of(one_module(dense)) == net::Shape{8 + 32, 16, 16});
  const std::string inception = recipe_after("An Inception branch that forks again:");
  CHECK(output_of(one_module(inception)) == net::Shape{64 + 64 + 32 + 32, 16, 16});
  const std::string ghost =
      recipe_after("A ghost module of twice its first width, as part of a chain:");
  CHECK(output_of(one_module(R"({ "chain": [ )" + ghost + "] }", R"("channels": 24,)")) ==
        net::Shape{24, 16, 16});
  const std::string up =
      recipe_after("So a U-Net's way up reads the map of the same size on the way down:");
  const std::string conv = R"({ "chain": { "op": "conv" } })";
  CHECK(output_of(one_module(conv, R"("name": "down1", "channels": 16,)") + "," +
                  one_module(conv, R"("stride": 2, "channels": 64,)") + "," + up) ==
        net::Shape{32, 16, 16});
}
