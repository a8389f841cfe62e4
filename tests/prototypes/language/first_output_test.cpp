// What a classifier's first output must be, and heads that follow the task's classes.

#include <catch2/catch.hpp>

#include "prototypes/language/prototype.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/identity.hpp"
#include "prototypes/network/shapes.hpp"

using namespace atto;

namespace {

constexpr const char* kPooled = R"("head": [ { "op": "global_average_pool" }, )";

/// A network of one module whose end is given, on lines of its own.
net::Prototype ending(const std::string& end, const std::string& channels = "16") {
  return net::Prototype(spec::parse_json(
      R"({ "name": "n", "input": { "channels": 3, "height": 32, "width": 32 }, "classes": 10,
  "let": { "w": { "choose": [10, 12] } },
  "stages": [ { "modules": ["m"], "channels": )" +
          channels + R"( } ], "modules": { "m": { "chain": [ { "op": "conv" } ] } })" +
          (end.empty() ? "" : ",\n  " + end) + "\n}\n",
      "n.json"));
}

std::string refusal(const net::Prototype& prototype, int classes = 10,
                    net::FirstOutput expected = net::FirstOutput::Logits) {
  try {
    net::TaskInput input = prototype.written_input();
    input.classes = classes;
    net::expect_output(prototype, input, expected);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("A network that does not give one score a class is refused at its head") {
  CHECK(refusal(ending(std::string(kPooled) + R"({ "op": "dense" } ])")).empty());
  CHECK(refusal(ending(std::string(kPooled) + R"({ "op": "dense", "channels": 10 } ])")).empty());
  CHECK(refusal(ending(std::string(kPooled) + R"({ "op": "dense", "channels": 9 } ])")) ==
        "n.json:4:11: /head: must give 10 x 1 x 1; got 9 x 1 x 1");
  CHECK(refusal(ending(R"("head": [ { "op": "conv", "channels": 10 } ])")) ==
        "n.json:4:11: /head: must give 10 x 1 x 1; got 10 x 32 x 32");
  CHECK(refusal(ending(R"("head": [])")) ==
        "n.json:4:11: /head: must give 10 x 1 x 1; got 16 x 32 x 32");
  CHECK(refusal(ending("")) ==
        "n.json:1:1: /head: is missing; it must give 10 x 1 x 1; got 16 x 32 x 32");
  CHECK(refusal(ending(std::string(kPooled) +
                       R"({ "op": "dense" } ], "outputs": ["stages[0]", "head"])")) ==
        "n.json:4:79: /outputs/0: must give 10 x 1 x 1; got 16 x 32 x 32");
}

TEST_CASE("A width that is written does not follow the task's classes") {
  const net::Prototype ten =
      ending(std::string(kPooled) + R"({ "op": "dense", "channels": 10 } ])");
  CHECK(refusal(ten, 10).empty());
  CHECK(refusal(ten, 50) == "n.json:4:11: /head: must give 50 x 1 x 1; got 10 x 1 x 1");
}

TEST_CASE("A head is refused where one of its choices gives another output") {
  for (
      const std::string last :
      {R"({ "op": "dense", "channels": { "choose": [10, 9] } })",
       R"({ "op": "dense", "channels": "$w" })",
       R"({ "choose": [ { "op": "dense" }, [ { "op": "dense" }, { "op": "dense", "channels": 7 } ] ] })",
       R"({ "choose": [ { "op": "dense" }, { "op": "dense", "channels": { "range": [10, 60], "step": 10 } } ] })"}) {
    INFO(last);
    CHECK(refusal(ending(kPooled + last + " ]")).find("/head: must give 10 x 1 x 1; got ") !=
          std::string::npos);
  }
  CHECK(refusal(ending(R"("head": [ { "choose": [ [], { "op": "global_average_pool" } ] },
            { "op": "pointwise", "channels": "classes" } ])"))
            .find("must give 10 x 1 x 1; got 10 x 32 x 32") != std::string::npos);
}

TEST_CASE("A softmax at the end is refused where the network is trained, not where it is run") {
  const net::Prototype soft =
      ending(std::string(kPooled) + R"({ "op": "dense" }, { "op": "softmax" } ])");
  CHECK(refusal(soft).find(
            "/head/2: must not be the end of what is trained: the trainer adds the softmax") !=
        std::string::npos);
  CHECK(refusal(soft, 10, net::FirstOutput::Scores).empty());
  CHECK(refusal(ending(std::string(kPooled) +
                       R"({ "op": "dense" }, { "choose": [ [], { "op": "softmax" } ] } ])"))
            .find("the trainer adds the softmax") != std::string::npos);
}

TEST_CASE("A softmax is at the end too where what follows learns nothing") {
  for (const std::string last :
       {R"({ "op": "dropout" })", R"({ "op": "activation", "activation": "relu6" })",
        R"({ "op": "channel_shuffle" })", R"({ "op": "max_pool", "kernel": 3, "stride": 1 })",
        R"({ "op": "dropout" }, { "choose": [ [], { "op": "activation" } ] })",
        R"({ "chain": [ { "op": "dropout" } ], "shortcut": "none" })"}) {
    INFO(last);
    CHECK(refusal(ending(std::string(kPooled) + R"({ "op": "dense" }, { "op": "softmax" }, )" +
                         last + " ]"))
              .find("/head/2: must not be the end of what is trained") != std::string::npos);
  }
  CHECK(refusal(ending(R"("head": [ { "op": "pointwise", "channels": "classes" },
            { "op": "softmax" }, { "op": "global_average_pool" } ])"))
            .find("/head/1: must not be the end of what is trained") != std::string::npos);
  for (const std::string last : {R"({ "op": "dense" })", R"({ "op": "batch_norm" })"}) {
    INFO(last);
    CHECK(refusal(ending(std::string(kPooled) + R"({ "op": "dense" }, { "op": "softmax" }, )" +
                         last + " ]"))
              .empty());
  }
}

TEST_CASE("A head of convolutions follows the task's classes") {
  const net::Prototype head = ending(
      R"("head": [ { "op": "pointwise", "channels": { "times": 2, "of": "classes" } },
            { "op": "pointwise", "channels": "classes", "norm": false, "activation": "none" },
            { "op": "global_average_pool" } ])");
  for (const int classes : {10, 37}) {
    CHECK(refusal(head, classes).empty());
    const net::TaskInput input{{3, 32, 32}, classes};
    const net::Realised made = net::realise(head, {}, input);
    REQUIRE(made.network);
    CHECK(net::infer_shapes(*made.network).back() == net::Shape{classes, 1, 1});
    CHECK(net::count_costs(*made.network).params == 16 * 3 * 9 + 2 * 16 + 16 * 2 * classes +
                                                        2 * 2 * classes + 2 * classes * classes +
                                                        classes);
  }
}

TEST_CASE("The classes of a dense layer may be written, and change nothing") {
  const auto hash_of = [](const net::Prototype& prototype) {
    return net::structure_hash(*net::realise(prototype, {}).network);
  };
  CHECK(hash_of(ending(std::string(kPooled) + R"({ "op": "dense", "channels": "classes" } ])")) ==
        hash_of(ending(std::string(kPooled) + R"({ "op": "dense" } ])")));
  const net::Prototype hole = ending(
      std::string(kPooled) +
      R"({ "op": "dense", "channels": { "choose": ["classes", 64] } }, { "op": "dense" } ])");
  CHECK(refusal(hole).empty());
  const std::string design = net::design_text(hole, net::Assignment(hole.decisions().size(), 0));
  CHECK(design.find(R"("channels": "classes")") != std::string::npos);
  CHECK(net::realise(net::Prototype(spec::parse_json(design, "d.json")), {},
                     net::TaskInput{{3, 32, 32}, 33})
            .network.has_value());
  CHECK(
      net::reopened_text(spec::parse_json(design, "d.json"), {"head[1].channels"}).find("choose") !=
      std::string::npos);
}
