// What is written is a legal ONNX model, and read back and run by ONNX's definitions it computes
// what the IR computes.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/onnx/executor.hpp"
#include "export/onnx/model_file.hpp"
#include "export/onnx/network_graph.hpp"
#include "export/reference/interpreter.hpp"
#include "prototypes/network/identity.hpp"
#include "prototypes/network/shapes.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/prototypes/network/random_network.hpp"

using namespace atto;
namespace fs = std::filesystem;
namespace onnx = atto::deploy::onnx;

namespace {

struct ScratchFile {
  fs::path path = fs::temp_directory_path() / ("atto_onnx_" + std::to_string(::getpid()));
  ~ScratchFile() { fs::remove(path); }
};

onnx::Graph through_file(const onnx::Graph& graph) {
  const ScratchFile file;
  onnx::write_model(file.path, graph);
  return onnx::read_model(file.path);
}

net::Network network_of(const net::Shape& in, std::vector<net::Layer> layers,
                        std::vector<net::Output> outputs) {
  net::Network network{"hand", in, 3, {{"input", net::InputLayer{}, {}}}, std::move(outputs)};
  network.layers.insert(network.layers.end(), layers.begin(), layers.end());
  return network;
}

/// Compares every output of the written and re-read model with the interpreter's, for two images in
/// one batch.
double worst_error(const net::Network& network, const net::TensorFile& weights) {
  const onnx::Graph graph = through_file(onnx::network_graph(network, weights));
  onnx::Array images{
      {2, network.input.channels, network.input.height, network.input.width}, {}, {}};
  std::vector<std::vector<std::vector<float>>> wanted;
  for (std::uint64_t seed : {1, 2}) {
    const std::vector<float> image = test::random_image(network.input, seed);
    images.values.insert(images.values.end(), image.begin(), image.end());
    wanted.push_back(deploy::Interpreter(network, weights).run(image));
  }
  const auto got = onnx::Executor(graph).run({{graph.inputs.at(0).name, images}});
  double worst = 0;
  for (std::size_t o = 0; o < network.outputs.size(); ++o) {
    std::vector<float> both = wanted[0][o];
    both.insert(both.end(), wanted[1][o].begin(), wanted[1][o].end());
    worst = std::max(worst, test::relative_error(got.at(network.outputs[o].name).values, both));
  }
  return worst;
}

}  // namespace

TEST_CASE("random networks compute the same after they were ONNX files") {
  std::set<std::string> written;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const net::Network network = net::random_network(seed);
    const net::TensorFile weights = test::random_weights(network, seed);
    CAPTURE(seed);
    CHECK(worst_error(network, weights) < 1e-4);  // a layer norm magnifies what was rounded
    for (const onnx::Node& node : onnx::network_graph(network, weights).nodes)
      written.insert(node.op);
  }
  // Every operator that a writer knows was among them, so that none goes unchecked.
  CHECK(written == std::set<std::string>{"Add",           "AveragePool", "BatchNormalization",
                                         "Clip",          "Concat",      "Conv",
                                         "Erf",           "Flatten",     "Gemm",
                                         "Identity",      "LeakyRelu",   "MatMul",
                                         "MaxPool",       "Mul",         "Relu",
                                         "Reshape",       "Resize",      "Sigmoid",
                                         "HardSigmoid",   "Slice",       "Softmax",
                                         "Tanh",          "Transpose",   "GlobalAveragePool",
                                         "ConvTranspose", "Div",         "ReduceMean",
                                         "Sqrt",          "Sub"});
}

TEST_CASE("what random networks lack is exact too") {
  SECTION("three inputs to an add, and an output that is the input") {
    const net::Network network =
        network_of({2, 3, 3}, {{"relu", net::Activate{}, {0}}, {"sum", net::Add{}, {0, 1, 1}}},
                   {{"same", 0}, {"sum", 2}});
    CHECK(worst_error(network, {}) == 0);
  }
  SECTION("maps made of dense features") {
    const net::Network network = network_of({2, 3, 3},
                                            {{"dense", net::Dense{4}, {0}},
                                             {"relu", net::Activate{}, {1}},
                                             {"conv", net::Conv{6}, {2}},
                                             {"shuffle", net::Shuffle{2}, {3}},
                                             {"again", net::Dense{}, {2}},
                                             {"shares", net::Softmax{}, {5}}},
                                            {{"map", 4}, {"relu", 2}, {"shares", 6}});
    CHECK(worst_error(network, test::random_weights(network, 1)) < 1e-6);
  }
  SECTION("two outputs of one layer, and names that layers and outputs share") {
    const net::Network network =
        network_of({1, 4, 4}, {{"head", net::Activate{}, {0}}, {"out", net::Pool{}, {1}}},
                   {{"input", 2}, {"second", 2}, {"out", 1}});
    CHECK(worst_error(network, {}) == 0);
  }
}

TEST_CASE("an ONNX file says what it is") {
  const net::Network network = net::random_network(3);
  net::TensorFile weights = test::random_weights(network, 3);
  weights.metadata = {{"class_names", "a\nb"}, {"mean", "0.5"}, {"format", "pt"}};
  const onnx::Graph graph = through_file(onnx::network_graph(network, weights));
  CHECK(graph.metadata.at("class_names") == "a\nb");
  CHECK(graph.metadata.at("mean") == "0.5");
  CHECK(graph.metadata.at("structure_hash") == net::hash_text(net::structure_hash(network)));
  CHECK(graph.metadata.count("params") == 1);
  CHECK(graph.metadata.count("format") == 0);

  SECTION("nodes, tensors and weights have the names of layers") {
    std::map<std::string, std::string> outputs;
    for (const onnx::Node& node : graph.nodes) outputs[node.name] = node.outputs[0];
    for (std::size_t i = 1; i < network.layers.size(); ++i) {
      CAPTURE(network.layers[i].name);
      const bool is_left_out = std::holds_alternative<net::Dropout>(network.layers[i].op);
      CHECK(outputs.count(network.layers[i].name) == (is_left_out ? 0 : 1));
    }
    for (const auto& [name, tensor] : weights.tensors) CHECK(graph.initializers.count(name) == 1);
    CHECK(graph.outputs.at(0).name == "head");
  }
  SECTION("ONNX infers the shapes that we infer") {
    const std::vector<net::Shape> shapes = net::infer_shapes(network);
    std::map<std::string, std::vector<std::int64_t>> inferred;
    for (const onnx::Value& value : graph.inferred) inferred[value.name] = value.shape;
    int compared = 0;
    for (std::size_t i = 1; i < network.layers.size(); ++i) {
      const auto found = inferred.find(network.layers[i].name);
      if (found == inferred.end() || found->second.size() != 3) continue;
      ++compared;
      CHECK(found->second ==
            std::vector<std::int64_t>{shapes[i].channels, shapes[i].height, shapes[i].width});
    }
    CHECK(compared > 15);
  }
}

TEST_CASE("what is no legal model is neither written nor read") {
  const net::Network network = net::random_network(3);
  onnx::Graph graph = onnx::network_graph(network, test::random_weights(network, 3));
  const ScratchFile file;
  SECTION("a shape that inference contradicts") {
    graph.outputs.at(0).shape.at(0) += 1;
    CHECK_THROWS_AS(onnx::write_model(file.path, graph), InternalError);
    CHECK_FALSE(fs::exists(file.path));
  }
  SECTION("a node that reads what nobody makes") {
    graph.nodes.at(0).inputs.at(0) = "nobody";
    CHECK_THROWS_AS(onnx::write_model(file.path, graph), InternalError);
  }
  SECTION("a file of something else") {
    spec::write_file_atomically(file.path, "no protobuf at all");
    CHECK_THROWS_AS(onnx::read_model(file.path), SpecError);
  }
}
