#include "tests/generator/space/sample_prototypes.hpp"

#include <algorithm>
#include <filesystem>

#include "design_specs/reading/json.hpp"

namespace atto::test {
namespace {

void take(const std::vector<net::Decision>& decisions, std::size_t d, net::Assignment& assignment,
          std::vector<net::Assignment>& all) {
  if (d == decisions.size()) {
    all.push_back(assignment);
    return;
  }
  const bool exists = net::is_active(decisions, assignment, static_cast<net::DecisionId>(d));
  for (std::int32_t i = 0; i < (exists ? decisions[d].alternatives : 1); ++i) {
    assignment[d] = exists ? i : net::kInactive;
    take(decisions, d + 1, assignment, all);
  }
  assignment[d] = net::kInactive;
}

}  // namespace

net::Prototype prototype_of(std::string_view text) {
  return net::Prototype(spec::parse_json(text, "prototype.json"));
}

std::string_view tiny_prototype() {
  return R"({
    "format": 1, "name": "tiny", "input": { "channels": 3, "height": 16, "width": 16 }, "classes": 10,
    "stem": [ { "op": "conv", "kernel": 3, "channels": { "range": [8, 24], "step": 8 } } ],
    "stages": [ { "name": "s", "modules": { "range": [1, 2], "step": 1 }, "stride": 2,
                  "channels": { "range": [8, 32], "step": 8 }, "module": "m" } ],
    "head": [ { "op": "global_average_pool" }, { "op": "dense" } ],
    "modules": { "m": {
      "shortcut": { "choose": ["none", "projection"] },
      "chain": { "choose": [
        [ { "op": "conv", "kernel": { "choose": [3, 5] }, "channels": "module" } ],
        [ { "op": "pointwise", "channels": { "range": [8, 16], "step": 4 } },
          { "op": "grouped", "kernel": 3, "groups": { "choose": [1, 3, 4] }, "channels": "module" } ] ] } } } })";
}

std::string_view rich_prototype() {
  return R"({
    "format": 1, "name": "rich", "input": { "channels": 3, "height": 32, "width": 32 }, "classes": 10,
    "let": { "k": { "choose": [3, 5] } },
    "stem": [ { "op": "conv", "kernel": "$k", "stride": 1, "channels": { "range": [8, 32], "step": 8 } } ],
    "stages": [
      { "name": "s1", "modules": { "range": [1, 3], "step": 1 }, "stride": 2,
        "channels": { "range": [16, 96], "step": 8 }, "module": "mixed" },
      { "name": "s2", "modules": { "range": [2, 4], "step": 1 }, "stride": 2,
        "channels": { "range": [16, 160], "step": 16 }, "module": "mixed" },
      { "name": "s3", "modules": 1, "channels": { "range": [16, 160], "step": 16 }, "module": "gathering" }
    ],
    "head": [ { "op": "global_average_pool" }, { "op": "dense" } ],
    "outputs": [ "head" ],
    "modules": {
      "mixed": { "shortcut": { "choose": ["none", "identity", "projection"] },
        "activation": { "choose": ["none", "relu"] },
        "chain": { "choose": [
          [ { "op": "pointwise", "channels": { "times": { "choose": [0.5, 2, 3] }, "of": "input", "round": 8 } },
            { "op": "depthwise", "kernel": "$k", "activation": "relu6" },
            { "op": "squeeze_excite", "reduction": 4 },
            { "op": "pointwise", "channels": "module", "activation": "none" } ],
          [ { "op": "grouped", "kernel": 3, "groups": { "choose": [2, 4, 8] }, "channels": "module" } ],
          [ { "op": "pointwise", "channels": { "range": [4, 64], "step": 4 }, "norm": false },
            { "op": "grouped", "kernel": 3, "groups": { "choose": [1, 4, 8] }, "channels": "module" } ]
        ] } },
      "gathering": { "from": ["previous", "stages[0].modules[0]"],
        "branches": [ [], [ { "op": "depthwise", "kernel": 3 },
                            { "op": "pointwise", "channels": { "range": [8, 40], "step": 8 } } ] ],
        "join": "concat", "then": [ { "op": "channel_shuffle", "groups": 2 } ] }
    } })";
}

std::string_view norm_prototype() {
  return R"({
    "format": 1, "name": "norms", "input": { "channels": 3, "height": 16, "width": 16 }, "classes": 10,
    "stem": [ { "op": "conv", "channels": { "range": [8, 32], "step": 8 }, "norm": false, "activation": "none" },
              { "choose": [ [], { "op": "batch_norm", "activation": "relu" } ] } ],
    "stages": [ { "modules": { "range": [1, 3], "step": 1 }, "channels": { "range": [8, 32], "step": 8 }, "module": "pre" } ],
    "head": [ { "op": "batch_norm" }, { "op": "global_average_pool" }, { "op": "dense" } ],
    "outputs": [ "head", "stages[0].modules[0]" ],
    "modules": {
      "pre": { "shortcut": { "choose": ["none", "identity", "projection"] },
        "chain": [ { "op": "batch_norm", "activation": "relu" },
                   { "op": "conv", "norm": { "choose": [false, true] }, "activation": { "choose": ["none", "relu"] } },
                   { "choose": [ [], [ { "op": "batch_norm" } ], [ { "op": "batch_norm" }, { "op": "batch_norm" } ],
                                 [ { "op": "layer_scale" }, { "op": "layer_norm" } ],
                                 [ { "op": "deconv", "norm": { "choose": [true, false] }, "activation": "none" },
                                   { "op": "layer_scale" }, { "op": "max_pool", "kernel": 2, "stride": 2 }, { "op": "dropout" } ] ] } ] } } })";
}

std::string_view joining_prototype() {
  return R"({
    "format": 1, "name": "joining", "input": { "channels": 3, "height": 16, "width": 16 }, "classes": 10,
    "stem": [ { "op": "conv", "kernel": 3, "channels": { "range": [8, 32], "step": 4 } } ],
    "stages": [
      { "name": "down", "stride": 2, "channels": { "range": [8, 40], "step": 8 }, "modules": [ "ghosts" ] },
      { "name": "up", "modules": [
        { "chain": [ { "op": "pointwise", "channels": { "times": 0.5, "of": "here" } }, { "op": "upsample" } ] },
        { "from": { "maps": [ "stem", "previous" ], "join": { "choose": ["concat", "add"] } },
          "chain": [ { "op": "conv", "kernel": 3, "channels": { "choose": ["here", 12] }, "norm": false, "bias": { "choose": [true, false] } } ] } ] }
    ],
    "head": [ { "op": "global_average_pool" }, { "op": "dense" } ],
    "modules": { "ghosts": {
      "branches": [
        [ { "op": "pointwise", "channels": { "times": 0.5, "of": "module" } },
          { "choose": [
            { "branches": [ [], { "op": "depthwise", "kernel": { "choose": [3, 5] } } ], "join": "concat" },
            { "op": "pointwise" } ] },
          { "op": "conv", "kernel": 3, "stride": "module" } ],
        { "chain": [ { "op": "depthwise", "kernel": 3 } ] } ],
      "join": "concat" } } })";
}

std::vector<net::Prototype> shipped_prototypes() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(ATTO_SOURCE_DIR "/prototypes"))
    if (entry.path().extension() == ".json" &&
        entry.path().string().find(".schema.") == std::string::npos)
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<net::Prototype> prototypes;
  for (const std::filesystem::path& file : files) prototypes.push_back(net::read_prototype(file));
  return prototypes;
}

std::vector<net::Assignment> all_assignments(const net::Prototype& prototype) {
  std::vector<net::Assignment> all;
  net::Assignment assignment(prototype.decisions().size(), net::kInactive);
  take(prototype.decisions(), 0, assignment, all);
  return all;
}

}  // namespace atto::test
