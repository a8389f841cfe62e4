// ONNX models come back as designs: our own with their hash, other people's with their scores; what
// the language cannot express is refused with node and rule.
#include "export/import/onnx_import.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/import/graph_network.hpp"
#include "export/onnx/executor.hpp"
#include "export/onnx/model_file.hpp"
#include "export/onnx/network_graph.hpp"
#include "export/reference/interpreter.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/network/identity.hpp"
#include "tests/export/random_weights.hpp"

namespace atto::deploy::import {
namespace {

namespace fs = std::filesystem;
using onnx::Attribute;
using onnx::Graph;
using onnx::Node;
using Sides = std::vector<std::int64_t>;

struct Scratch {
  fs::path folder = fs::temp_directory_path() / ("atto_import_" + std::to_string(::getpid()));
  Scratch() { fs::create_directories(folder); }
  ~Scratch() { fs::remove_all(folder); }
};

Imported there_and_back(const Graph& graph) {
  const Scratch scratch;
  onnx::write_model(scratch.folder / "net.onnx", graph);
  return import_onnx(scratch.folder / "net.onnx");
}

std::vector<net::Prototype> shipped() {
  std::vector<net::Prototype> prototypes;
  for (const char* folder : {"/prototypes", "/prototypes/designs"})
    for (const auto& entry : fs::directory_iterator(std::string(ATTO_SOURCE_DIR) + folder))
      if (entry.path().extension() == ".json" &&
          entry.path().string().find(".schema.") == std::string::npos)
        prototypes.push_back(net::read_prototype(entry.path()));
  std::erase_if(prototypes, [](const net::Prototype& read) { return read.is_detector(); });
  return prototypes;
}

struct Drawn {
  std::string design;
  net::Network network;
};
/// A design of the prototype, at a small input.
std::optional<Drawn> drawn(const net::Prototype& prototype, std::uint64_t seed) {
  net::Assignment assignment(prototype.decisions().size(), net::kInactive);
  spec::Random random(seed);
  net::draw(prototype.decisions(), assignment, random);
  net::TaskInput input = prototype.written_input();
  input.input.height = std::min(input.input.height, 64);
  input.input.width = std::min(input.input.width, 64);
  net::Realised realised = net::realise(prototype, assignment, input);
  if (!realised.network) return {};
  return Drawn{net::design_text(prototype, assignment), std::move(*realised.network)};
}

void require_same_scores(const net::Network& network, const net::TensorFile& weights,
                         const Imported& imported) {
  const std::vector<float> image = test::random_image(network.input, 5);
  const auto wanted = Interpreter(network, weights).run(image).front();
  const auto made = Interpreter(imported.network, imported.weights).run(image).front();
  REQUIRE(made.size() == wanted.size());
  for (std::size_t i = 0; i < made.size(); ++i)
    REQUIRE(std::fabs(made[i] - wanted[i]) <= 1e-5F * std::max(1.0F, std::fabs(wanted[i])));
}

/// [1, 4, 8, 8] in, one node, ten scores out.
Graph around(Node node, std::map<std::string, net::Tensor> constants = {}) {
  Graph graph;
  graph.name = "one";
  graph.inputs = {{"image", {4, 8, 8}}};
  node.name = "the_node";
  if (node.outputs.empty()) node.outputs = {"made"};
  graph.nodes = {node, {"GlobalAveragePool", "pool", {node.outputs[0]}, {"pooled"}, {}}};
  graph.outputs = {{"pooled", {4, 1, 1}}};
  graph.initializers = std::move(constants);
  return graph;
}

net::Tensor ones(Sides shape, float value = 1) {
  net::Tensor tensor{net::Tensor::Type::F32, std::move(shape), {}};
  std::vector<float> values(static_cast<std::size_t>(tensor.elements()), value);
  tensor.bytes.resize(values.size() * 4);
  std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

net::Tensor whole_tensor(const Sides& values) {
  net::Tensor tensor{net::Tensor::Type::I64, {static_cast<std::int64_t>(values.size())}, {}};
  tensor.bytes.resize(values.size() * sizeof(std::int64_t));
  std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

std::string refusal_of(const Graph& graph) try {
  read_network(graph, "net.onnx");
  return "";
} catch (const SpecError& error) {
  return error.what();
}

}  // namespace

TEST_CASE("Designs of every shipped prototype come back from their own export with their hash") {
  int compared = 0;
  for (const net::Prototype& prototype : shipped()) {
    const std::optional<Drawn> design = drawn(prototype, 3);
    if (!design) continue;
    INFO(prototype.file());
    const net::TensorFile weights = test::random_weights(design->network, 3);
    Graph graph = onnx::network_graph(design->network, weights);
    graph.metadata["design"] = design->design;
    const Imported imported = there_and_back(graph);
    REQUIRE(net::structure_hash(imported.network) == net::structure_hash(design->network));
    for (const auto& [name, tensor] : weights.tensors)
      REQUIRE(imported.weights.tensors.at(name).bytes == tensor.bytes);
    ++compared;
  }
  CHECK(compared > 20);
}

TEST_CASE("Without the design that they bring, own exports are read as other people's") {
  int same = 0, read = 0;
  for (const net::Prototype& prototype : shipped()) {
    const std::optional<Drawn> design = drawn(prototype, 3);
    if (!design || design->network.outputs.size() > 1) continue;
    INFO(prototype.file());
    const net::TensorFile weights = test::random_weights(design->network, 3);
    try {
      const Imported imported = there_and_back(onnx::network_graph(design->network, weights));
      ++read;
      same += net::structure_hash(imported.network) == net::structure_hash(design->network);
      if (design->network.layers.size() < 120)
        require_same_scores(design->network, weights, imported);
      CHECK(net::Prototype(spec::parse_json(imported.design, "design.json")).is_design());
    } catch (const SpecError& error) {
      WARN(prototype.file() << ": " << error.what());
    }
  }
  CHECK(read > 15);
  CHECK(same > 10);
}

TEST_CASE("An own file whose graph was changed since is read by its graph") {
  const net::Prototype prototype =
      net::read_prototype(ATTO_SOURCE_DIR "/prototypes/resnet14_32.json");
  const std::optional<Drawn> design = drawn(prototype, 1);
  REQUIRE(design);
  const net::TensorFile weights = test::random_weights(design->network, 3);
  Graph graph = onnx::network_graph(design->network, weights);
  graph.metadata["design"] = design->design;
  for (Node& node : graph.nodes)
    if (node.op == "Relu") node.op = "Sigmoid";
  const Imported imported = there_and_back(graph);
  CHECK(net::structure_hash(imported.network) != net::structure_hash(design->network));
}

TEST_CASE("What the language cannot express is refused with the node and the rule") {
  const auto conv = [](std::map<std::string, Attribute> attributes, Sides sides = {4, 4, 3, 3}) {
    return around({"Conv", "", {"image", "w"}, {}, std::move(attributes)},
                  {{"w", ones(std::move(sides))}});
  };
  CHECK(refusal_of(conv({{"pads", Sides{1, 1, 1, 1}}})) == "");
  CHECK(refusal_of(conv({{"pads", Sides{1, 1, 2, 2}}})) ==
        "net.onnx: node the_node (Conv): pads must give maps as large as \"same\" padding does, or "
        "be none; got pads [1, 1, 2, 2] of a 3x3 window, stride 1x1, on 8x8");
  CHECK_THAT(refusal_of(conv({{"pads", Sides{-1, 1, 1, 1}}})), Catch::Contains("from 0 to 65536"));
  CHECK_THAT(refusal_of(conv({{"pads", Sides{40, 40, 0, 0}}, {"strides", Sides{4, 4}}})),
             Catch::Contains("node the_node (Conv): pads must give"));
  CHECK_THAT(refusal_of(conv({{"group", std::int64_t{3}}})), Catch::Contains("node the_node"));
  CHECK_THAT(refusal_of(conv({}, {4, 4, 3})), Catch::Contains("two dimensions"));
  CHECK_THAT(refusal_of(conv({{"strides", Sides{0, 0}}})), Catch::Contains("from 1 to 63"));
  CHECK_THAT(refusal_of(conv({{"dilations", Sides{1, 2}}})), Catch::Contains("dilations equal"));
  CHECK_THAT(refusal_of(around({"Elu", "", {"image"}, {}, {}})),
             Catch::Contains("node the_node (Elu): no such operator is known here"));
  CHECK_THAT(refusal_of(around({"Relu", "", {"nowhere"}, {}, {}})),
             Catch::Contains("reads what no node before it makes"));
  CHECK_THAT(refusal_of(around({"LeakyRelu", "", {"image"}, {}, {{"alpha", 0.3F}}})),
             Catch::Contains("slope"));
  CHECK_THAT(refusal_of(around({"Transpose", "", {"image"}, {}, {{"perm", Sides{0, 2, 3, 1}}}})),
             Catch::Contains("channel shuffle alone"));
  CHECK_THAT(
      refusal_of(around({"Concat", "", {"image", "image"}, {}, {{"axis", std::int64_t{2}}}})),
      Catch::Contains("axis must be 1"));
  CHECK_THAT(refusal_of(around({"MaxPool",
                                "",
                                {"image"},
                                {},
                                {{"kernel_shape", Sides{3, 3}},
                                 {"strides", Sides{2, 2}},
                                 {"ceil_mode", std::int64_t{1}}}})),
             Catch::Contains("ceil_mode must give"));
  CHECK_THAT(refusal_of(around({"Erf", "", {"image"}, {}, {}})),
             Catch::Contains("node the_node (Erf): is known as part of a gelu alone"));
  CHECK_THAT(refusal_of(around({"Div", "", {"image", "image"}, {}, {}})),
             Catch::Contains("must divide by a constant"));
  CHECK_THAT(
      refusal_of(around({"Pad", "", {"image"}, {}, {{"pads", Sides{0, 0, 1, 1, 0, 0, 1, 1}}}})),
      Catch::Contains("for the convolution behind them"));
  CHECK_THAT(refusal_of(around(
                 {"Pad",
                  "",
                  {"image"},
                  {},
                  {{"pads", Sides{0, 0, 1, 1, 0, 0, 1, 1}}, {"mode", std::string("reflect")}}})),
             Catch::Contains("must put zeros around maps"));
  Graph dynamic = around({"Relu", "", {"image"}, {}, {}});
  dynamic.inputs[0].shape = {4, 0, 0};
  CHECK_THAT(refusal_of(dynamic), Catch::Contains("fixed sides; got ?x4x?x?"));
  Graph two = around({"Relu", "", {"image"}, {}, {}});
  two.inputs.push_back({"more", {1, 1, 1}});
  CHECK_THAT(refusal_of(two), Catch::Contains("must have one input"));
  Graph strange = conv({});
  strange.initializers["w"] = ones({4, 4, 3, 3}, std::nanf(""));
  CHECK_THAT(refusal_of(strange), Catch::Contains("must be finite"));
  Graph many = around({"Relu", "", {"image"}, {}, {}});
  many.nodes.resize(1'000'000);
  CHECK_THAT(refusal_of(many), Catch::Contains("at most 20000 nodes"));
}

TEST_CASE("A gelu is read in whatever order its factors stand") {
  const auto gelu = [](std::vector<Node> nodes) {
    Graph graph =
        around({"Relu", "", {"image"}, {"x"}, {}}, {{"one", ones({})},
                                                    {"half", ones({}, 0.5F)},
                                                    {"two", ones({1}, 2)},
                                                    {"root", ones({}, std::sqrt(2.0F))},
                                                    {"inverse", ones({}, std::sqrt(0.5F))}});
    for (Node& node : nodes) {
      node.name = node.outputs[0];
      graph.nodes.insert(graph.nodes.end() - 1, node);
    }
    graph.nodes.back().inputs = {nodes.back().outputs[0]};
    return graph;
  };
  const Node divided{"Div", "", {"x", "root"}, {"s"}, {}},
      multiplied{"Mul", "", {"inverse", "x"}, {"s"}, {}}, erf{"Erf", "", {"s"}, {"e"}, {}},
      plus{"Add", "", {"e", "one"}, {"p"}, {}}, half{"Mul", "", {"x", "half"}, {"h"}, {}};
  for (const Graph& graph :
       {gelu({divided,
              erf,
              plus,
              {"Mul", "", {"x", "p"}, {"m"}, {}},
              {"Mul", "", {"m", "half"}, {"g"}, {}}}),
        gelu({multiplied, erf, plus, half, {"Mul", "", {"p", "h"}, {"g"}, {}}}),
        gelu({divided,
              erf,
              plus,
              {"Mul", "", {"p", "half"}, {"m"}, {}},
              {"Mul", "", {"x", "m"}, {"g"}, {}}}),
        gelu({divided,
              erf,
              plus,
              {"Mul", "", {"p", "x"}, {"m"}, {}},
              {"Div", "", {"m", "two"}, {"g"}, {}}})}) {
    const GraphNetwork read = read_network(graph, "net.onnx");
    REQUIRE(read.network.layers.size() == 4);
    CHECK(std::get<net::Activate>(read.network.layers[2].op).kind == net::Activation::Gelu);
    CHECK(read.weights.tensors.empty());
  }
  CHECK_THAT(refusal_of(gelu({divided, erf, plus, {"Mul", "", {"x", "p"}, {"g"}, {}}})),
             Catch::Contains("part of a gelu alone"));
  CHECK_THAT(refusal_of(gelu({half, {"Erf", "", {"h"}, {"g"}, {}}})),
             Catch::Contains("part of a gelu alone"));
  CHECK_THAT(refusal_of(gelu({divided, erf, {"Add", "", {"e", "x"}, {"g"}, {}}})),
             Catch::Contains("part of a gelu alone"));
}

TEST_CASE("Uneven padding of a convolution is that of a larger window with zeros") {
  const auto uneven = [](Sides kernel, Sides strides, Sides pads, Sides dilations, bool is_apart) {
    net::Network small{"small", {4, 8, 8}, 6, {{"input", net::InputLayer{}, {}}}, {}};
    small.layers.push_back(
        {"w",
         net::Conv{6, net::Sides(static_cast<int>(kernel[0]), static_cast<int>(kernel[1]))},
         {0}});
    small.outputs = {{"map", 1}};
    const net::TensorFile weights = test::random_weights(small, 4);
    Node conv{"Conv", "", {"image", "w"}, {}, {{"strides", strides}, {"dilations", dilations}}};
    if (!is_apart) conv.attributes["pads"] = pads;
    Graph graph = around(conv, {{"w", weights.tensors.at("w.weight")}});
    graph.outputs = {{"pooled", {6, 1, 1}}};
    if (is_apart) {
      graph.initializers["around"] = whole_tensor({0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]});
      graph.nodes.insert(graph.nodes.begin(), {"Pad", "pad", {"image", "around"}, {"padded"}, {}});
      graph.nodes[1].inputs[0] = "padded";
    }
    return graph;
  };
  struct Case {
    Sides kernel, strides, pads, dilations;
    net::Sides wide;
  };
  for (const Case& one : {Case{{3, 3}, {2, 2}, {0, 0, 1, 1}, {1, 1}, {4, 4}},
                          Case{{3, 3}, {1, 1}, {0, 0, 2, 2}, {1, 1}, {4, 4}},
                          Case{{3, 3}, {1, 1}, {2, 1, 0, 1}, {1, 1}, {5, 3}},
                          Case{{2, 2}, {1, 1}, {1, 1, 0, 0}, {1, 1}, {3, 3}},
                          Case{{3, 3}, {1, 1}, {0, 4, 4, 0}, {2, 2}, {5, 5}}}) {
    CAPTURE(one.kernel, one.strides, one.pads);
    const Graph graph = uneven(one.kernel, one.strides, one.pads, one.dilations, false);
    const Imported imported = there_and_back(graph);
    const net::Sides kernel = std::get<net::Conv>(imported.network.layers[1].op).kernel;
    CHECK(kernel.height >= one.kernel[0]);
    CHECK(kernel.height <= one.wide.height);
    CHECK(kernel.width <= one.wide.width);
    REQUIRE(imported.notes.size() == 1);
    CHECK_THAT(imported.notes[0], Catch::Contains("node the_node: its padding is that of a "));
    const std::vector<float> image = test::random_image({4, 8, 8}, 5);
    const std::vector<float> wanted =
        onnx::Executor(graph).run({{"image", {{1, 4, 8, 8}, image, {}}}}).at("pooled").values;
    const std::vector<float> made =
        Interpreter(imported.network, imported.weights).run(image).front();
    REQUIRE(made.size() == wanted.size());
    for (std::size_t i = 0; i < made.size(); ++i) CHECK(made[i] == Approx(wanted[i]).margin(1e-6));
    const Imported apart =
        there_and_back(uneven(one.kernel, one.strides, one.pads, one.dilations, true));
    CHECK(net::structure_hash(apart.network) == net::structure_hash(imported.network));
  }
  // Zeros of a Pad that are "same" padding need no larger window.
  CHECK(there_and_back(uneven({3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}, true)).notes.empty());
}

TEST_CASE("Further outputs are the ends of the stem and of modules") {
  const auto graph_of = [](const std::vector<std::string>& outputs) {
    net::Network network{"small", {3, 16, 16}, 5, {{"input", net::InputLayer{}, {}}}, {}};
    const auto add = [&](const char* name, const net::Op& op, std::vector<int> inputs) {
      network.layers.push_back({name, op, std::move(inputs)});
    };
    add("a", net::Conv{8, 3, 2, 1, 1, true}, {0});
    add("a_relu", net::Activate{net::Activation::Relu}, {1});
    add("b", net::Conv{8, 3, 1, 1, 1, true}, {2});
    add("b_relu", net::Activate{net::Activation::Relu}, {3});
    add("sum", net::Add{}, {2, 4});
    add("c", net::Conv{12, 3, 2, 1, 1, true}, {5});
    add("c_relu", net::Activate{net::Activation::Relu}, {6});
    add("pool", net::GlobalAveragePool{}, {7});
    add("dense", net::Dense{5}, {8});
    for (const std::string& output : outputs)
      for (std::size_t i = 0; i < network.layers.size(); ++i)
        if (network.layers[i].name == output)
          network.outputs.push_back({output, static_cast<int>(i)});
    return std::pair(network, test::random_weights(network, 3));
  };
  const auto imported_of = [&](const std::vector<std::string>& outputs) {
    const auto [network, weights] = graph_of(outputs);
    return there_and_back(onnx::network_graph(network, weights));
  };
  for (const std::vector<std::string>& outputs :
       {std::vector<std::string>{"dense", "sum", "c_relu"},
        {"dense", "a_relu"},
        {"dense", "c", "sum", "a"}}) {
    const auto [network, weights] = graph_of(outputs);
    const Imported imported = there_and_back(onnx::network_graph(network, weights));
    REQUIRE(imported.network.outputs.size() == outputs.size());
    const std::vector<float> image = test::random_image(network.input, 5);
    const auto wanted = Interpreter(network, weights).run(image);
    const auto made = Interpreter(imported.network, imported.weights).run(image);
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      REQUIRE(made[o].size() == wanted[o].size());
      for (std::size_t i = 0; i < made[o].size(); ++i)
        CHECK(made[o][i] == Approx(wanted[o][i]).margin(1e-5));
    }
  }
  CHECK_THROWS_WITH(imported_of({"dense", "b"}), Catch::Contains("node b: an output beside"));
  CHECK_THROWS_WITH(imported_of({"dense", "pool"}), Catch::Contains("node pool: an output beside"));
  CHECK_THROWS_WITH(imported_of({"sum", "dense"}),
                    Catch::Contains("the first of several outputs must be a score a class; got"));
}

TEST_CASE("Broken files are refused in one line") {
  const Scratch scratch;
  const fs::path file = scratch.folder / "net.onnx";
  for (const std::string& bytes :
       {std::string(), std::string("\x08\x07\x12"), std::string(200, 'x')}) {
    spec::write_file_atomically(file, bytes);
    CHECK_THROWS_AS(import_onnx(file), SpecError);
  }
}

}  // namespace atto::deploy::import
