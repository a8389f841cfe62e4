#include "tests/prototypes/language/features.hpp"

namespace atto::test {

std::string_view every_feature() {
  return R"({
  "format": 1,
  "name": "every_feature",
  "description": "holes wherever they may stand",
  "input": { "channels": 3, "height": 32, "width": 32 },
  "classes": 10,
  "activation": { "choose": ["relu", "hard_swish"] },
  "let": { "k": { "choose": [5, 3] }, "alpha": { "choose": [0.5, 1, 1.5] },
           "edge": { "choose": [ [ { "op": "zero" } ], [], { "op": "conv", "kernel": "$k", "channels": "input" } ] } },
  "stem": [ { "op": "conv", "kernel": "$k", "channels": { "times": "$alpha", "of": 16, "round": 8 } } ],
  "stages": [
    { "name": "first", "modules": { "range": [1, 3], "step": 1 }, "stride": { "choose": [1, 2] },
      "let": { "w": { "range": [8, 24], "step": 8 } },
      "channels": { "times": 2, "of": "$w" },
      "module": { "choose": ["plain", "free", { "module": "any", "with": { "module": "sum" } }] } },
    { "name": "second", "stride": 2, "channels": { "range": [32, 64], "step": 16 }, "module": "free",
      "modules": [
        "split",
        { "module": "plain", "repeat": 2, "channels": { "choose": [40, "input"] },
          "with": { "shortcut": "projection", "chain#0[1].kernel": 3 } },
        { "repeat": 1, "from": ["previous", "first", "stem"] },
        { "repeat": 1, "from": { "maps": ["first", "previous"], "join": { "choose": ["add", "concat"] } } },
        { "stride": 2, "let": { "act": { "choose": ["none", "relu6"] } }, "activation": "$act",
          "chain": [ { "op": "max_pool", "kernel": 3 },
                     { "op": "pointwise", "channels": { "times": 0.5, "of": "module" } } ] },
        { "module": "any",
          "from": { "choose": [["stages[1].modules[0]"], ["previous", "stages[0].modules[0]"],
            { "maps": ["stages[1].modules[0]", "previous"], "join": "concat" }] } },
        "nested"
      ] }
  ],
  "head": [ { "op": "upsample", "factor": 2, "mode": { "choose": ["nearest", "bilinear"] } },
            "$edge", { "op": "deconv", "channels": 16 }, { "op": "layer_norm" },
            { "op": "layer_scale", "init": { "choose": [0.1, 1] } }, { "op": "dropout", "rate": { "choose": [0, 0.3] } },
            { "op": "batch_norm", "activation": { "choose": ["none", "swish"] } }, { "op": "softmax" },
            { "choose": [ [], { "op": "pointwise", "channels": { "range": [16, 32], "step": 8 } } ] },
            { "op": "global_average_pool" },
            { "op": "dense", "channels": 24, "activation": "tanh" }, { "op": "dense" } ],
  "outputs": ["head", "first", "stages[1].modules[0]"],
  "modules": {
    "plain": {
      "let": { "t": { "choose": [2, 3] } },
      "shortcut": { "choose": ["none", "identity", "projection"] },
      "activation": { "choose": ["none", "relu"] },
      "chain": { "choose": [
        [ { "op": "pointwise", "channels": { "times": "$t", "of": "input" } },
          { "op": "depthwise", "kernel": { "choose": [3, 5] }, "stride": "module", "dilation": { "choose": [1, 2] } },
          { "choose": [ [], [ { "op": "squeeze_excite", "reduction": { "choose": [2, 4] } } ],
                        { "op": "activation", "activation": "sigmoid" } ] },
          { "op": "pointwise", "channels": "module", "activation": "none", "norm": { "choose": [true, false] } } ],
        { "length": { "range": [1, 3], "step": 2 }, "ops": [ { "op": "conv", "kernel": "$k" } ] }
      ] }
    },
    "free": {
      "shortcut": "projection",
      "chain": { "length": { "choose": [1, 2, 4] }, "ops": [
        { "op": "depthwise", "kernel": "$k" },
        { "op": "grouped", "groups": { "choose": [1, 2, 4] }, "channels": { "range": [8, 24], "step": 8 } },
        [ { "op": "pointwise" }, { "op": "average_pool", "kernel": 3 } ] ] }
    },
    "split": {
      "split": { "choose": [[0.5, 0.5], [0.25, 0.75]] },
      "branches": [
        [ { "op": "average_pool", "kernel": 3 } ],
        [ { "op": "conv", "channels": { "choose": ["input", { "times": 0.5, "of": "module" }, 24] } },
          { "op": "pointwise", "channels": { "times": 0.5, "of": "module", "round": 8 } } ] ],
      "join": "concat",
      "then": [ { "op": "channel_shuffle", "groups": { "choose": [2, 4] } } ]
    },
    "any": { "choose": ["plain", "sum"] },
    "nested": {
      "branches": [
        { "branches": [ [], [ { "op": "pointwise", "channels": { "times": { "choose": [0.5, 1] }, "of": "here" } },
                              { "op": "depthwise", "kernel": { "choose": [3, 5] } } ] ],
          "join": { "choose": ["add", "concat"] }, "activation": { "choose": ["none", "relu"] } },
        [ { "op": "pointwise", "channels": { "range": [8, 24], "step": 8 } },
          { "choose": [ [],
            { "let": { "d": { "choose": [1, 2] } }, "shortcut": { "choose": ["none", "identity"] },
              "chain": { "length": { "choose": [1, 2] }, "ops": [
                { "op": "conv", "channels": "here", "dilation": "$d" },
                { "split": [0.5, 0.5], "branches": [ [ { "op": "depthwise" } ], [] ], "join": "concat" } ] } } ] } ]
      ],
      "join": "concat",
      "then": [ { "op": "pointwise", "channels": "module" }, { "chain": [ { "op": "depthwise" } ], "shortcut": "identity" } ]
    },
    "sum": {
      "branches": [ [ { "op": "pointwise" } ], { "choose": [ [ { "op": "conv" } ], [ { "op": "pointwise" } ] ] } ],
      "join": { "choose": ["add", "concat"] }, "activation": "leaky_relu",
      "then": "$edge"
    }
  }
})";
}

}  // namespace atto::test
