// What is written for TensorFlow Lite, read back and run after its definitions.
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/quantisation/quantise.hpp"
#include "export/reference/int8_interpreter.hpp"
#include "export/reference/interpreter.hpp"
#include "export/tflite/executor.hpp"
#include "export/tflite/model_file.hpp"
#include "export/tflite/network_graph.hpp"
#include "export/tflite/prepared_network.hpp"
#include "prototypes/network/shapes.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/prototypes/network/random_network.hpp"

namespace atto::deploy::tflite {
namespace {

namespace fs = std::filesystem;

struct Scratch {
  fs::path folder = fs::temp_directory_path() / ("atto_tflite_" + std::to_string(::getpid()));
  Scratch() { fs::create_directories(folder); }
  ~Scratch() { fs::remove_all(folder); }
};

/// Through a file, as it is for others.
Graph read_back(const Graph& graph) {
  const Scratch scratch;
  write_model(scratch.folder / "model.tflite", graph);
  return read_model(scratch.folder / "model.tflite");
}

template <class Value>
std::vector<Value> channels_last(const std::vector<Value>& image, int channels) {
  const auto count = static_cast<std::size_t>(channels);
  const std::size_t plane = image.size() / count;
  std::vector<Value> turned(image.size());
  for (std::size_t i = 0; i < image.size(); ++i) turned[i % plane * count + i / plane] = image[i];
  return turned;
}

/// A network in int8, its graph, and what both make of an image.
struct Int8Run {
  FusedNetwork network;
  Quantisation quantisation;
  Graph graph;
  std::map<std::string, std::vector<int>> wanted, made;  ///< by node: unsigned, channels last
  std::vector<std::vector<float>> wanted_outputs, made_outputs;

  explicit Int8Run(const net::Network& of, Io io = Io::Int8) {
    const net::TensorFile weights = test::random_weights(of, 3);
    network = prepared_network(of, weights);
    std::vector<float> images;
    for (const unsigned seed : {5U, 6U, 8U}) {
      const std::vector<float> image = test::random_image(of.input, seed);
      images.insert(images.end(), image.begin(), image.end());
    }
    quantisation = quantise_prepared(network, images);
    graph = read_back(network_graph(network, &quantisation, io, "a test"));
    run(test::random_image(of.input, 7));
  }

  void run(const std::vector<float>& image) {
    const auto outputs =
        Int8Interpreter(network, quantisation)
            .run(image, [&](int index, std::span<const std::uint8_t> values) {
              const FusedNode& node = network.nodes[static_cast<std::size_t>(index)];
              wanted[node.name] =
                  channels_last<int>({values.begin(), values.end()}, node.shape.channels);
            });
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      const auto node = static_cast<std::size_t>(network.outputs[o].layer);
      wanted_outputs.push_back(channels_last(outputs[o], network.nodes[node].shape.channels));
    }
    made_outputs = Executor(graph).run(
        channels_last(image, network.nodes[0].shape.channels),
        [&](int tensor, const Values& values) {
          std::vector<int>& here = made[graph.tensors[static_cast<std::size_t>(tensor)].name];
          for (const double value : values) here.push_back(static_cast<int>(value) + 128);
        });
  }
};

/// input -> one operation -> output.
net::Network alone(const net::Shape& input, const net::Op& op) {
  net::Network network{"alone", input, 2, {{"input", net::InputLayer{}, {}}, {"it", op, {0}}}, {}};
  network.outputs = {{"out", 1}};
  return network;
}

int largest_step(const std::vector<int>& a, const std::vector<int>& b) {
  if (a.size() != b.size()) return 256;
  int largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

std::vector<Op> operators_of(const Graph& graph) {
  std::vector<Op> ops;
  for (const Operator& one : graph.operators) ops.push_back(one.op);
  return ops;
}

Graph float_graph(const net::Network& network) {
  return network_graph(prepared_network(network, test::random_weights(network, 3)), nullptr,
                       Io::Int8, "");
}

}  // namespace

TEST_CASE("tflite: every operation of the IR computes in floats what its interpreter does") {
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    INFO("seed " << seed);
    const net::Network network = net::random_network(seed);
    const net::TensorFile weights = test::random_weights(network, 3);
    const std::vector<float> image = test::random_image(network.input, 7);
    const auto wanted = Interpreter(network, weights).run(image);
    const Graph graph = read_back(float_graph(network));
    const auto made = Executor(graph).run(channels_last(image, network.input.channels));
    REQUIRE(made.size() == wanted.size());
    const std::vector<net::Shape> shapes = net::infer_shapes(network);
    for (std::size_t o = 0; o < made.size(); ++o) {
      const net::Shape& shape = shapes[static_cast<std::size_t>(network.outputs[o].layer)];
      CHECK(test::relative_error(made[o], channels_last(wanted[o], shape.channels)) < 2e-5);
      CHECK(graph.tensors[static_cast<std::size_t>(graph.outputs[o])].name ==
            network.outputs[o].name);
    }
  }
}

TEST_CASE("tflite: convolutions of any window, stride, padding and group give our int8 bytes") {
  std::size_t layers = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    const net::Network network = net::random_network(seed);
    for (const net::Layer& layer : network.layers) {
      if (!std::holds_alternative<net::Conv>(layer.op) &&
          !std::holds_alternative<net::Deconv>(layer.op))
        continue;
      const std::vector<net::Shape> shapes = net::infer_shapes(network);
      const Int8Run run(alone(shapes[static_cast<std::size_t>(layer.inputs[0])], layer.op));
      CHECK(run.made.at("input") == run.wanted.at("input"));
      CHECK(run.made.at("out") == run.wanted.at("it"));
      CHECK(run.made_outputs == run.wanted_outputs);
      ++layers;
    }
  }
  CHECK(layers > 100);
}

TEST_CASE("tflite: a dense layer of a map gives our int8 bytes, and [1, features]") {
  const Int8Run run(alone({3, 5, 4}, net::Dense{7}));
  CHECK(run.made.at("out") == run.wanted.at("it"));
  CHECK(run.graph.tensors[static_cast<std::size_t>(run.graph.outputs[0])].dims == Dims{1, 7});
}

TEST_CASE("tflite: what is no convolution comes within a step of our int8") {
  std::vector<net::Op> ops = {net::GlobalAveragePool{}, net::LayerNorm{}, net::Upsample{3},
                              net::Upsample{2, net::Upsample::Mode::Bilinear}};
  for (int kind = 1; kind <= 9; ++kind)
    ops.push_back(net::Activate{static_cast<net::Activation>(kind)});
  for (const net::Sides kernel : {net::Sides(2), net::Sides(3), net::Sides(2, 3)})
    for (const int stride : {1, 2})
      for (const auto kind : {net::Pool::Kind::Max, net::Pool::Kind::Average})
        ops.push_back(net::Pool{kind, kernel, stride});
  for (const net::Shape& shape : {net::Shape{6, 8, 9}, net::Shape{5, 7, 8}})
    for (const net::Op& op : ops) {
      INFO(net::op_name(op) << " of " << shape.height << " rows");
      const Int8Run run(alone(shape, op));
      const bool has_border = operators_of(run.graph).front() == Op::Pad;  // and averages
      CHECK(largest_step(run.made.at("out"), run.wanted.at("it")) <= (has_border ? 2 : 1));
    }
}

TEST_CASE("tflite: an average that the format pads elsewhere is right on the border too") {
  const net::Pool pool{net::Pool::Kind::Average, 3, 2};
  const Int8Run run(alone({4, 8, 8}, pool));
  const std::vector<Op> wanted = {Op::Pad, Op::DepthwiseConv, Op::Mul};
  CHECK(operators_of(run.graph) == wanted);
  CHECK(largest_step(run.made.at("out"), run.wanted.at("it")) <= 2);
}

TEST_CASE("tflite: int8 of random networks stays near our int8") {
  std::size_t same = 0, all = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    const net::Network network = net::random_network(seed);
    try {
      const Int8Run run(network);
      for (std::size_t o = 0; o < run.made_outputs.size(); ++o) {
        CHECK(test::relative_error(run.made_outputs[o], run.wanted_outputs[o]) < 0.1);
        for (std::size_t e = 0; e < run.made_outputs[o].size(); ++e, ++all)
          same += run.made_outputs[o][e] == run.wanted_outputs[o][e];
      }
    } catch (const SpecError& error) {  // a softmax that another layer reads
      CHECK(std::string(error.what()).find("softmax") != std::string::npos);
    }
  }
  CHECK(same > all * 99 / 100);
}

TEST_CASE("tflite: channels move by the plainest operators that can") {
  const auto moved = [](const net::Op& op) {
    net::Network network = alone({6, 4, 4}, op);
    return operators_of(float_graph(network));
  };
  CHECK(moved(net::Slice{2, 5}) == std::vector<Op>{Op::Slice});
  CHECK(moved(net::Shuffle{3}) == std::vector<Op>{Op::Reshape, Op::Transpose, Op::Reshape});
  net::Network joined = alone({6, 4, 4}, net::Activate{net::Activation::Relu});
  joined.layers.push_back({"joined", net::Concat{}, {0, 1}});
  joined.layers.push_back({"shuffled", net::Shuffle{2}, {2}});
  joined.outputs = {{"out", 2}};
  CHECK(operators_of(float_graph(joined)) == std::vector<Op>{Op::Relu, Op::Concatenation});
  joined.outputs = {{"out", 3}};
  CHECK(operators_of(float_graph(joined)) ==
        std::vector<Op>{Op::Relu, Op::Concatenation, Op::Gather});
}

TEST_CASE("tflite: strides pad as we do, by an operator of their own where the format would not") {
  const auto written = [](int side, const net::Conv& conv) {
    return operators_of(float_graph(alone({2, side, side}, conv)));
  };
  const std::vector<Op> plain = {Op::Conv}, padded = {Op::Pad, Op::Conv};
  CHECK(written(9, {4, 3, 2}) == plain);
  CHECK(written(8, {4, 3, 2}) == padded);
  CHECK(written(8, {4, 3, 1}) == plain);
  CHECK(written(8, {4, 2, 2}) == plain);
  CHECK(written(9, {4, 2, 1}) == plain);
  net::Conv valid{4, 3, 2};
  valid.padding = net::Padding::Valid;
  CHECK(written(8, valid) == plain);
}

TEST_CASE("tflite: floats at both ends give the same as int8") {
  const net::Network network = net::random_network(4);
  const Int8Run bytes(network), floats(network, Io::Float);
  CHECK(bytes.made_outputs == floats.made_outputs);
  const Graph& graph = floats.graph;
  CHECK(graph.tensors[static_cast<std::size_t>(graph.input)].element == Element::F32);
  for (const int output : graph.outputs)
    CHECK(graph.tensors[static_cast<std::size_t>(output)].element == Element::F32);
}

TEST_CASE("tflite: an output that is the input, or twice the same, has a tensor of its own") {
  net::Network network = alone({2, 3, 3}, net::Activate{net::Activation::Relu});
  network.outputs = {{"a", 1}, {"b", 0}, {"c", 1}};
  const Graph graph = read_back(float_graph(network));
  std::set<int> tensors(graph.outputs.begin(), graph.outputs.end());
  tensors.insert(graph.input);
  CHECK(tensors.size() == 4);
  const std::vector<float> image = test::random_image(network.input, 7);
  const auto outputs = Executor(graph).run(channels_last(image, 2));
  CHECK(outputs[0] == outputs[2]);
  CHECK(outputs[1] == channels_last(image, 2));
}

TEST_CASE("tflite: scales have twelve digits, so that products of two are exact") {
  for (const float scale : {1.0F, 0.1F, 0.0039215686F, 3.3e-7F, 123.456F}) {
    const float made = short_scale(scale);
    CHECK(made >= scale);
    CHECK(made <= scale * (1 + 1.0F / 2048));
    CHECK(short_scale(made) == made);
    const float other = short_scale(0.7F);
    CHECK(double{made * other} == double{made} * double{other});
  }
}

TEST_CASE("tflite: what is no model is refused, wherever it was cut") {
  const Scratch scratch;
  const fs::path file = scratch.folder / "model.tflite";
  write_model(file, float_graph(alone({2, 6, 6}, net::Conv{3, 3, 2})));
  const std::string whole = spec::read_file(file);
  CHECK(whole.substr(4, 4) == "TFL3");
  for (std::size_t length = 0; length < whole.size(); length += 7) {
    spec::write_file_atomically(file, whole.substr(0, length));
    CHECK_THROWS_AS(read_model(file), SpecError);
  }
}

}  // namespace atto::deploy::tflite
