// A design written from an assignment is the same network under the same names, and can be
// reopened.

#include <algorithm>
#include <catch2/catch.hpp>

#include "prototypes/network/identity.hpp"
#include "prototypes/network/shapes.hpp"
#include "prototypes/network/weights.hpp"
#include "tests/prototypes/language/features.hpp"
#include "tests/prototypes/language/sampling.hpp"
#include "tests/rounds.hpp"

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
    const auto parent = static_cast<std::size_t>(decision.parent);
    const bool has_parent = decision.parent != net::kNoDecision;
    std::string line = decision.path + " under " +
                       (has_parent ? prototype.decisions()[parent].path : "nothing") + " " +
                       std::to_string(decision.parent_first) + ".." +
                       std::to_string(decision.parent_last) + ":";
    for (const std::string& label : decision.labels) line += " " + label;
    lines.push_back(std::move(line));
  }
  // A list entry's own channels are read before the ties of its template; written out, after them.
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// Returns the first decision that the two do not share, or "".
std::string first_difference(const net::Prototype& a, const net::Prototype& b) {
  const auto left = decision_lines(a), right = decision_lines(b);
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const std::string l = i < left.size() ? left[i] : "(end)";
    const std::string r = i < right.size() ? right[i] : "(end)";
    if (l != r) return l + " | " + r;
  }
  return "";
}

/// Returns whether the assignment gives a network.
bool check_round_trip(const net::Prototype& prototype, const net::Assignment& assignment) {
  const net::Realised realised = net::realise(prototype, assignment);
  if (!realised.broken.empty()) return false;
  const std::string text = net::design_text(prototype, assignment);
  const net::Prototype design = net::Prototype(spec::parse_json(text, "design.json"));
  REQUIRE(design.is_design());
  const net::Realised again = net::realise(design, {});
  REQUIRE(again.broken.empty());
  CHECK(again.hash() == realised.hash());
  const auto written = test::networks_of(realised), read = test::networks_of(again);
  REQUIRE(read.size() == written.size());
  for (std::size_t n = 0; n < read.size(); ++n)
    CHECK(layer_names(*read[n]) == layer_names(*written[n]));
  CHECK(net::design_text(design, {}) == text);
  if (prototype.is_design()) return true;
  const spec::Document document = spec::parse_json(text, "design.json");
  const net::Prototype reopened(
      spec::parse_json(net::reopened_text(document, {"*"}), "reopened.json"));
  CHECK(first_difference(reopened, prototype) == "");
  return true;
}

}  // namespace

TEST_CASE("Designs of shipped prototypes survive writing, reading and reopening") {
  for (const net::Prototype& prototype : test::shipped()) {
    CAPTURE(prototype.name());
    spec::Random random(5);
    for (int i = 0; i < test::rounds(8, 3); ++i)
      check_round_trip(prototype, test::random_assignment(prototype, random));
  }
}

TEST_CASE("Designs that use every part of the language survive writing, reading and reopening") {
  const net::Prototype prototype = test::prototype_of(test::every_feature());
  spec::Random random(7);
  const int designs = test::rounds(150, 40);
  int networks = 0;
  for (int i = 0; i < designs; ++i)
    networks += check_round_trip(prototype, test::random_assignment(prototype, random)) ? 1 : 0;
  CHECK(networks > designs / 10);
}

TEST_CASE("A single decision is reopened, filled again, and reopened with its parent") {
  const net::Prototype prototype = test::prototype_of(test::every_feature());
  spec::Random random(9);
  const int wanted = test::rounds(3, 1);
  int tried = 0;
  for (int i = 0; i < 40 && tried < wanted; ++i) {
    const net::Assignment assignment = test::random_assignment(prototype, random);
    if (!net::realise(prototype, assignment).network) continue;
    ++tried;
    const spec::Document design =
        spec::parse_json(net::design_text(prototype, assignment), "design.json");
    const std::vector<net::Provenance> records = net::Prototype(design).provenance();
    for (const net::Provenance& record : records) {
      CAPTURE(record.path);
      const net::Prototype part(
          spec::parse_json(net::reopened_text(design, {record.path}), "part.json"));
      REQUIRE_FALSE(part.is_design());
      const spec::Document filled = spec::parse_json(
          net::design_text(part, test::taken(part, [](auto&) { return 0; })), "filled.json");
      const net::Prototype whole(spec::parse_json(net::reopened_text(filled, {"*"}), "whole.json"));
      CHECK(first_difference(whole, prototype) == "");
    }
  }
  CHECK(tried == wanted);
}
