// One small prototype for every part of the language, in tests/data/language: its decisions, and
// its layers where every decision takes its first alternative and where it takes its last.

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "prototypes/network/dot.hpp"
#include "prototypes/network/shapes.hpp"
#include "tests/golden.hpp"
#include "tests/prototypes/language/sampling.hpp"

using namespace atto;

namespace {

std::string decisions_text(const net::Prototype& prototype) {
  std::string text;
  for (const net::Decision& decision : prototype.decisions()) {
    text += fmt::format("{} {}:", decision.role == net::Decision::Role::Width ? "width" : "choice",
                        decision.path);
    for (const std::string& label : decision.labels) text += fmt::format(" [{}]", label);
    if (decision.parent != net::kNoDecision)
      text += fmt::format(" where {} is {}..{}",
                          prototype.decisions()[static_cast<std::size_t>(decision.parent)].path,
                          decision.parent_first, decision.parent_last);
    text += "\n";
  }
  return text;
}

std::string layers_text(const net::Network& network) {
  CHECK(net::malformed(network).empty());
  const std::vector<net::Shape> shapes = net::infer_shapes(network);
  std::string text;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const net::Layer& layer = network.layers[i];
    text += fmt::format("{:2} {}: {} -> {}x{}x{}", i, layer.name, net::op_text(layer.op),
                        shapes[i].channels, shapes[i].height, shapes[i].width);
    for (const int input : layer.inputs)
      text += fmt::format("{}{}", input == layer.inputs[0] ? " of " : ", ", input);
    text += "\n";
  }
  for (const net::Output& output : network.outputs)
    text += fmt::format("output {}: {}\n", output.name, output.layer);
  return text;
}

std::string layers_text(const net::Prototype& prototype, const net::Assignment& assignment) {
  const net::Realised realised = net::realise(prototype, assignment);
  if (!realised.broken.empty()) return "broken: " + realised.broken + "\n";
  if (realised.network) return layers_text(*realised.network);
  std::string text;
  for (const net::PartCosts& part : net::part_costs(*realised.detector))
    text += fmt::format("{}, runs {}:\n", part.name, part.runs) + layers_text(*part.network);
  return text;
}

}  // namespace

TEST_CASE("Every part of the language gives the decisions and the layers that it should") {
  test::check_golden_folder("language", 16, [](std::string_view text, const std::string& name) {
    const net::Prototype prototype(spec::parse_json(text, name));
    if (prototype.is_design()) return layers_text(prototype, {});
    const auto first = test::taken(prototype, [](const net::Decision&) { return 0; });
    const auto last = test::taken(
        prototype, [](const net::Decision& decision) { return decision.alternatives - 1; });
    return decisions_text(prototype) + "first alternatives:\n" + layers_text(prototype, first) +
           "last alternatives:\n" + layers_text(prototype, last);
  });
}
