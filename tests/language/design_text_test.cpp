// A design written from an assignment is the same network under the same names, and can be
// reopened.

#include <catch2/catch.hpp>
#include <set>

#include "prototypes/network/identity.hpp"
#include "prototypes/network/shapes.hpp"
#include "prototypes/network/weights.hpp"
#include "tests/language/sampling.hpp"

using namespace atto;

namespace {

std::vector<std::string> layer_names(const net::Network& network) {
  std::vector<std::string> names;
  for (const net::Layer& layer : network.layers) names.push_back(layer.name);
  return names;
}

std::vector<std::string> decision_lines(const net::Prototype& prototype) {
  std::vector<std::string> lines;
  for (const net::Decision& decision : prototype.decisions()) {
    std::string line = decision.path + " " + std::to_string(decision.parent) + " " +
                       std::to_string(decision.parent_first) + ".." +
                       std::to_string(decision.parent_last) + ":";
    for (const std::string& label : decision.labels) line += " " + label;
    lines.push_back(std::move(line));
  }
  return lines;
}

void check_round_trip(const net::Prototype& prototype, const net::Assignment& assignment) {
  const net::Realised realised = net::realise(prototype, assignment);
  if (!realised.network) return;
  const std::string text = net::design_text(prototype, assignment);
  const net::Prototype design = net::Prototype(spec::parse_json(text, "design.json"));
  REQUIRE(design.is_design());
  const net::Realised again = net::realise(design, {});
  REQUIRE(again.broken.empty());
  CHECK(net::structure_hash(*again.network) == net::structure_hash(*realised.network));
  CHECK(layer_names(*again.network) == layer_names(*realised.network));
  CHECK(net::design_text(design, {}) == text);
  if (prototype.is_design()) return;
  const spec::Document document = spec::parse_json(text, "design.json");
  const net::Prototype reopened(
      spec::parse_json(net::reopened_text(document, {"*"}), "reopened.json"));
  CHECK(decision_lines(reopened) == decision_lines(prototype));
}

}  // namespace

TEST_CASE("Designs of shipped prototypes survive writing, reading and reopening") {
  for (const net::Prototype& prototype : test::shipped()) {
    CAPTURE(prototype.name());
    spec::Random random(5);
    for (int i = 0; i < 8; ++i)
      check_round_trip(prototype, test::random_assignment(prototype, random));
  }
}
