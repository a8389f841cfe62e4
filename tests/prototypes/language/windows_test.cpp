// Windows of two sides in the language: how they are written, chosen, pinned, written out,
// reopened.

#include <catch2/catch.hpp>

#include "design_specs/errors.hpp"
#include "prototypes/network/identity.hpp"
#include "prototypes/network/shapes.hpp"
#include "tests/prototypes/language/sampling.hpp"

using namespace atto;

namespace {

constexpr std::string_view kWindows = R"({
  "name": "windows", "input": { "channels": 1, "height": 49, "width": 10 }, "classes": 12,
  "let": { "k": { "choose": [[1, 3], [3, 1]] }, "fixed": [2, 1] },
  "stem": [ { "op": "conv", "kernel": [10, 4], "stride": [2, 2], "channels": 16 },
            { "op": "max_pool", "kernel": 2, "stride": 1 },
            { "op": "average_pool", "kernel": [3, 2], "stride": "$fixed", "padding": "valid" } ],
  "stages": [ { "modules": 2, "stride": { "choose": [[2, 1], 2] }, "channels": 16, "module": "m" } ],
  "modules": { "m": { "chain": [
    { "op": "depthwise", "kernel": "$k" },
    { "op": "conv", "kernel": [{ "choose": [3, 5] }, 1], "padding": { "choose": ["same", "valid"] } },
    { "op": "conv", "kernel": { "choose": [[5, 1], 3, [3, 1]] } } ] } } })";

net::Shape shape_of(std::string_view chain, int height, int width) {
  const std::string text =
      R"({"name": "n", "classes": 2, "input": {"channels": 4, "height": )" +
      std::to_string(height) + R"(, "width": )" + std::to_string(width) + R"(}, "stem": [)" +
      std::string(chain) +
      R"(], "stages": [{"modules": 1, "channels": 4, "module": {"chain": []}}]})";
  return net::infer_shapes(net::design_network(test::prototype_of(text), {{4, height, width}, 2}))
      .back();
}

std::string refusal(std::string_view chain, int height, int width) {
  try {
    (void)shape_of(chain, height, width);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("Windows give the sides that the rule of padding says") {
  using net::Shape;
  CHECK(shape_of(R"({"op": "conv", "kernel": [10, 4], "stride": 2, "channels": 4})", 49, 10) ==
        Shape{4, 25, 5});
  CHECK(shape_of(R"({"op": "conv", "kernel": 4, "stride": 4, "channels": 4})", 224, 30) ==
        Shape{4, 56, 8});
  CHECK(shape_of(R"({"op": "max_pool", "kernel": 2, "stride": 1})", 7, 9) == Shape{4, 7, 9});
  CHECK(shape_of(R"({"op": "conv", "kernel": 5, "padding": "valid", "channels": 4})", 28, 28) ==
        Shape{4, 24, 24});
  CHECK(shape_of(R"({"op": "max_pool", "kernel": 3, "stride": 2, "padding": "valid"})", 224, 8) ==
        Shape{4, 111, 3});
  CHECK(shape_of(R"({"op": "depthwise", "kernel": [9, 1], "stride": [4, 1]})", 1000, 1) ==
        Shape{4, 250, 1});
  CHECK(shape_of(R"({"op": "conv", "kernel": 3, "dilation": 2, "padding": "valid", "channels": 4})",
                 7, 5) == Shape{4, 3, 1});
  CHECK(shape_of(R"({"op": "max_pool", "kernel": 2})", 5, 4) == Shape{4, 3, 2});
  CHECK(shape_of(R"({"op": "max_pool", "kernel": [2, 1]})", 4, 4) == Shape{4, 2, 4});
}

TEST_CASE("A window larger than a map without padding is refused at its operator") {
  CHECK(
      refusal(R"({"op": "depthwise", "kernel": [5, 3], "padding": "valid"})", 4, 9) ==
      "p.json:1:89: /stem/0: the window is larger than the map, and \"valid\" padding adds nothing "
      "(5x3 on 4x9); got {\"op\": \"depthwise\", \"kernel\": [5, 3], \"padding\": \"valid\"}");
  CHECK(refusal(R"({"op": "max_pool", "kernel": 5, "padding": "valid"})", 9, 4)
            .find("(5x5 on 9x4)") != std::string::npos);
  CHECK(refusal(R"({"op": "depthwise", "dilation": 4, "padding": "valid"})", 9, 8)
            .find("(3x3 dilated 4 on 9x8)") != std::string::npos);
  CHECK(refusal(R"({"op": "depthwise", "stride": [2, 3]})", 9, 2)
            .find("the stride takes the map below 1x1 (stride 2x3 on 9x2)") != std::string::npos);
}

TEST_CASE("Pairs are chosen by one decision, and their sides by decisions of their own") {
  const net::Prototype prototype = test::prototype_of(kWindows);
  const auto labels = [&](std::string_view path) {
    const net::DecisionId id = prototype.find(path);
    REQUIRE(id != net::kNoDecision);
    return prototype.decisions()[static_cast<std::size_t>(id)].labels;
  };
  using Labels = std::vector<std::string>;
  CHECK(labels("let.k") == Labels{"1x3", "3x1"});
  CHECK(labels("stages[0].stride") == Labels{"2x1", "2"});
  CHECK(labels("stages[0].modules[1].chain[1].kernel[0]") == Labels{"3", "5"});
  CHECK(labels("stages[0].modules[1].chain[1].padding") == Labels{"same", "valid"});
  CHECK(labels("stages[0].modules[0].chain[2].kernel") == Labels{"5x1", "3", "3x1"});
  CHECK(prototype.find("stages[0].modules[0].chain[1].kernel[1]") == net::kNoDecision);
  const auto pin = net::read_pin(prototype, "stages[0].modules[*].chain[2].kernel=3x1");
  REQUIRE(pin.size() == 2);
  CHECK(pin[0].second == 2);
  CHECK_THROWS_AS(net::read_pin(prototype, "stages[0].stride=1x2"), SpecError);
}

TEST_CASE("A design of chosen pairs is the same network, and reopens") {
  const net::Prototype prototype = test::prototype_of(kWindows);
  spec::Random random(3);
  int made = 0;
  for (int i = 0; i < 60; ++i) {
    const net::Assignment assignment = test::random_assignment(prototype, random);
    const net::Realised realised = net::realise(prototype, assignment);
    if (!realised.broken.empty()) continue;  // a second window of 5 on a map of 2
    ++made;
    const spec::Document design =
        spec::parse_json(net::design_text(prototype, assignment), "design.json");
    const net::Network again = net::design_network(net::Prototype(design), {{1, 49, 10}, 12});
    CHECK(net::structure_hash(again) == net::structure_hash(*realised.network));
    const net::Prototype reopened(spec::parse_json(net::reopened_text(design, {"*"}), "re.json"));
    CHECK(reopened.decisions().size() == 8);
  }
  CHECK(made > 20);
}

TEST_CASE("Windows that can be said in two ways are one network") {
  const auto hash = [](std::string_view op) {
    const std::string text =
        R"({"name": "n", "classes": 2, "input": {"channels": 4, "height": 9, "width": 9}, "stem": [)" +
        std::string(op) +
        R"(], "stages": [{"modules": 1, "channels": 4, "module": {"chain": []}}]})";
    return net::structure_hash(net::design_network(test::prototype_of(text), {{4, 9, 9}, 2}));
  };
  const std::uint64_t plain = hash(R"({"op": "depthwise", "kernel": 5, "stride": 2})");
  CHECK(hash(R"({"op": "depthwise", "kernel": [5, 5], "stride": [2, 2]})") == plain);
  CHECK(hash(R"({"op": "depthwise", "kernel": 5, "stride": 2, "padding": "same"})") == plain);
  CHECK(hash(R"({"op": "depthwise", "kernel": 5, "stride": 2, "padding": "valid"})") != plain);
}
