// Reopening by hand: what comes back, and what the file's own words override.

#include <catch2/catch.hpp>

#include "design_specs/errors.hpp"
#include "tests/prototypes/language/sampling.hpp"

using namespace atto;

namespace {

constexpr std::string_view kPrototype = R"({
  "name": "p", "input": { "channels": 3, "height": 8, "width": 8 }, "classes": 2,
  "stages": [ { "modules": { "range": [1, 3] }, "channels": { "range": [8, 16], "step": 8 }, "module": "m" } ],
  "modules": { "m": { "chain": [ { "op": "conv", "kernel": { "choose": [3, 5] } } ] } } })";

spec::Document design() {
  const net::Prototype prototype = test::prototype_of(kPrototype);
  const auto last = test::taken(prototype, [](const auto& d) { return d.alternatives - 1; });
  return spec::parse_json(net::design_text(prototype, last), "design.json");
}

std::vector<std::string> paths_after(const spec::Document& document,
                                     const std::vector<std::string>& free) {
  const net::Prototype prototype(
      spec::parse_json(net::reopened_text(document, free), "reopened.json"));
  std::vector<std::string> paths;
  for (const net::Decision& decision : prototype.decisions()) paths.push_back(decision.path);
  return paths;
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("Reopening frees what a path addresses and nothing else") {
  CHECK(paths_after(design(), {"stages[0].channels"}) == Paths{"stages[0].channels"});
  CHECK(paths_after(design(), {"stages[0].modules[1]"}) ==
        Paths{"stages[0].modules[1].chain[0].kernel"});
  CHECK(paths_after(design(), {"stages[0].modules[*].chain[0].kernel"}).size() == 3);
  CHECK(paths_after(design(), {"stages[0].modules"}).size() == 4);
  CHECK(paths_after(design(), {"stages[0]"}).size() == 5);
  CHECK(paths_after(design(), {"*"}).size() == 5);
}

TEST_CASE("A path that no decision of the design has is refused") {
  CHECK_THROWS_WITH(net::reopened_text(design(), {"stages[3].channels", "stages[0].channels"}),
                    "design.json: no recorded decision has this path; got stages[3].channels");
}

TEST_CASE("A hand's edit wins over the record, and reopening restores the recorded hole") {
  std::string text = net::design_text(net::Prototype(design()), {});
  const std::size_t kernel = text.find("\"kernel\": 5");
  REQUIRE(kernel != std::string::npos);
  text.replace(kernel, 11, "\"kernel\": 7");
  const spec::Document edited = spec::parse_json(text, "edited.json");
  const net::Realised realised = net::realise(net::Prototype(edited), {});
  REQUIRE(realised.network);
  CHECK(std::get<net::Conv>(realised.network->layers[1].op).kernel == 7);
  const net::Prototype reopened(spec::parse_json(
      net::reopened_text(edited, {"stages[0].modules[0].chain[0].kernel"}), "reopened.json"));
  REQUIRE(reopened.decisions().size() == 1);
  CHECK(reopened.decisions()[0].values == std::vector<int>{3, 5});
}

TEST_CASE("A place that a hand removed cannot be reopened") {
  std::string text = net::design_text(net::Prototype(design()), {});
  const std::size_t kernel = text.find("\"kernel\": 5");
  const std::size_t begin = text.rfind('{', kernel), end = text.find('}', kernel) + 1;
  text.erase(begin, end - begin);
  const spec::Document edited = spec::parse_json(text, "edited.json");
  CHECK_THROWS_WITH(net::reopened_text(edited, {"stages[0].modules[0].chain[0].kernel"}),
                    "edited.json: the design no longer has the place of this decision; got "
                    "stages[0].modules[0].chain[0].kernel");
}
