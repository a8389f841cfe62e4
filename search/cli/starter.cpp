#include "search/cli/starter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "design_specs/reading/json.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/network/costs.hpp"

namespace atto::cli {
namespace {

constexpr std::string_view kPrototype = R"({{
  "format": 1,
  "name": "{name}",
  "description": "A network with holes. What is written is yours; what stands in choose or range is the machine's.",
  "input": {{ "channels": {channels}, "height": {height}, "width": {width} }},
  "classes": {classes},
  "stem": [
    {{ "op": "conv", "kernel": 3, "stride": {stem_stride}, "channels": {{ "range": [8, 24], "step": 8 }} }}
  ],
  "stages": [
{stages}
  ],
  "head": [ {{ "op": "global_average_pool" }}, {{ "op": "dense" }} ],
  "modules": {{
    "block": {{
      "description": "The machine picks one of three patterns for each module, and its widths.",
      "shortcut": {{ "choose": ["none", "identity"] }},
      "chain": {{ "choose": [
        [
          {{ "op": "pointwise", "channels": {{ "times": {{ "choose": [1, 2, 4, 6] }}, "of": "input" }} }},
          {{ "op": "depthwise", "kernel": {{ "choose": [3, 5] }} }},
          {{ "op": "pointwise", "channels": "module", "activation": "none" }}
        ],
        [
          {{ "op": "pointwise", "channels": {{ "range": [8, 64], "step": 8 }} }},
          {{ "op": "conv", "kernel": 3, "channels": {{ "range": [8, 64], "step": 8 }} }},
          {{ "op": "pointwise", "channels": "module", "activation": "none" }}
        ],
        [
          {{ "op": "depthwise", "kernel": {{ "choose": [3, 5] }} }},
          {{ "op": "pointwise", "channels": "module" }}
        ]
      ] }}
    }}
  }}
}}
)";

constexpr std::string_view kStage =
    R"(    {{ "name": "stage{number}", "modules": {{ "range": [1, {modules}], "step": 1 }}, "stride": 2,
      "channels": {{ "range": [{low}, {high}], "step": 8 }}, "module": "block" }})";

constexpr std::string_view kSpec = R"({{
  "format": 1,
  "name": "{name}",
  "description": "What the network is for, what it may cost, how long to search.",
  "prototype": "prototype.json",
  "task": {{ "dataset": {dataset}{resolution} }},
  "require": {{ "params": {{ "max": "{params}" }}, "macs": {{ "max": "{macs}" }} }},
  "maximise": "top1",
  "search": {{
    "strategy": "generative_synthesis", "candidates": 24, "rungs": [1, 3], {images}"finalists": 1, "seed": 1
  }},
  "training": {{ "recipe": "default", "final_epochs": 6, "final_seeds": 1 }},
  "export": ["atto", "onnx"]
}}
)";

constexpr std::string_view kNotes = R"(# {name}

`prototype.json` is a network with holes: `choose` and `range` are decisions that the machine takes. Write a value
in place of a hole, and the decision is yours.

`spec.json` says what the network is for, what it may cost, and how long to search:

* `require`: ceilings that no design exceeds. They lie between the smallest and the largest designs of the prototype.
* `search`: 24 candidates are trained for 1 epoch, the better ones for 3; the best is trained afresh.
* `training`: how long the last training is. More epochs give better networks.

Go on, in this folder:

    atto check spec.json                     # is it valid, what can it reach?
    atto generate spec.json -n 5             # what would the machine propose?
    atto search spec.json --dry-run          # how long will it take?
    atto search spec.json --out run          # the campaign; stop it at any time, `atto resume run` goes on
    atto report run                          # run/report.html
    atto inspect run/winner/design.json --svg > winner.svg
    atto bench run/winner/model.atto         # how fast is it here?

`atto help search` tells about a command.
)";

std::string prototype_text(const std::string& name, const train::DatasetInfo& data) {
  const int side = std::max(data.height, data.width);
  const int stages = side <= 40 ? 2 : side <= 96 ? 3 : 4;
  std::string text;
  for (int i = 0; i < stages; ++i) {
    if (i > 0) text += ",\n";
    text += fmt::format(kStage, fmt::arg("number", i + 1), fmt::arg("modules", 2 + i / 2),
                        fmt::arg("low", 16 << std::min(i, 2)), fmt::arg("high", 48 << i));
  }
  return fmt::format(kPrototype, fmt::arg("name", name), fmt::arg("channels", data.channels),
                     fmt::arg("height", data.height), fmt::arg("width", data.width),
                     fmt::arg("classes", data.classes), fmt::arg("stem_stride", side <= 40 ? 1 : 2),
                     fmt::arg("stages", text));
}

/// The costs of the design whose every decision has its first or its last alternative.
net::Costs costs_at_end(const net::Prototype& prototype, bool is_last) {
  const std::vector<net::Decision>& decisions = prototype.decisions();
  net::Assignment assignment(decisions.size(), net::kInactive);
  for (std::size_t i = 0; i < decisions.size(); ++i)
    if (net::is_active(decisions, assignment, static_cast<net::DecisionId>(i)))
      assignment[i] = is_last && !decisions[i].values.empty() ? decisions[i].alternatives - 1 : 0;
  return net::count_costs(net::realise(prototype, assignment).network.value());
}

/// "180k": the geometric mean, in two figures.
std::string between(std::int64_t low, std::int64_t high) {
  const double mean = std::sqrt(double(low) * double(high));
  const double unit = mean < 1e6 ? 1e3 : 1e6;
  const double figures = std::pow(10, std::floor(std::log10(mean / unit)) - 1);
  const double rounded = std::ceil(mean / unit / figures) * figures;
  return fmt::format("{:g}{}", rounded, unit < 1e6 ? "k" : "M");
}

}  // namespace

Starter make_starter(const std::string& name, const std::string& dataset,
                     const train::DatasetInfo& data, std::optional<int> resolution) {
  Starter starter;
  starter.prototype = prototype_text(name, data);
  const net::Prototype prototype(spec::parse_json(starter.prototype, "prototype.json"));
  const net::Costs low = costs_at_end(prototype, false), high = costs_at_end(prototype, true);
  constexpr std::int64_t kQuickImages = 6000;
  const std::int64_t learnt = data.train_images - data.validation_images;
  starter.spec = fmt::format(
      kSpec, fmt::arg("name", name), fmt::arg("dataset", spec::json_string(dataset)),
      fmt::arg("resolution", resolution ? fmt::format(", \"resolution\": {}", *resolution) : ""),
      fmt::arg("params", between(low.params, high.params)),
      fmt::arg("macs", between(low.macs, high.macs)),
      fmt::arg("images",
               learnt > kQuickImages ? fmt::format("\"images\": {}, ", kQuickImages) : ""));
  starter.notes = fmt::format(kNotes, fmt::arg("name", name));
  return starter;
}

}  // namespace atto::cli
