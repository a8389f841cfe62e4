#include "prototypes/network/shapes.hpp"

#include <catch2/catch.hpp>

#include "design_specs/errors.hpp"
#include "tests/prototypes/network/random_network.hpp"

using namespace atto::net;

namespace {

/// A network of the input and one layer, which is its output.
Network single(Shape input, Op op, std::vector<int> inputs = {0}) {
  return {"single",
          input,
          10,
          {{"input", InputLayer{}, {}}, {"layer", op, std::move(inputs)}},
          {{"out", 1}}};
}

Shape shape_of(Shape input, Op op, std::vector<int> inputs = {0}) {
  return infer_shapes(single(input, op, std::move(inputs))).back();
}

/// The same with a second map of `channels` and `side` (a strided convolution) as layer 1.
Network pair(Shape input, Conv second, Op op, std::vector<int> inputs) {
  return {"pair",
          input,
          10,
          {{"input", InputLayer{}, {}}, {"second", second, {0}}, {"layer", op, std::move(inputs)}},
          {{"out", 2}}};
}

}  // namespace

TEST_CASE("Every operation has its output shape") {
  const Shape in{12, 7, 9};
  CHECK(shape_of(in, Conv{20, 3, 1, 1, 1, false}) == Shape{20, 7, 9});
  CHECK(shape_of(in, Conv{24, 5, 2, 4, 1, false}) == Shape{24, 4, 5});
  CHECK(shape_of(in, Conv{12, 7, 3, 12, 2, true}) == Shape{12, 3, 3});
  CHECK(shape_of(in, BatchNorm{}) == in);
  CHECK(shape_of(in, Activate{}) == in);
  CHECK(shape_of(in, Softmax{}) == in);
  CHECK(shape_of(in, Add{}, {0, 0}) == in);
  CHECK(shape_of(in, Concat{}, {0, 0, 0}) == Shape{36, 7, 9});
  CHECK(shape_of(in, Slice{3, 8}) == Shape{5, 7, 9});
  CHECK(shape_of(in, Shuffle{4}) == in);
  CHECK(shape_of(in, Pool{Pool::Kind::Max, 2, 2}) == Shape{12, 4, 5});
  CHECK(shape_of(in, Pool{Pool::Kind::Average, 3, 1}) == in);
  CHECK(shape_of(in, Pool{Pool::Kind::Max, 3, 2}) == Shape{12, 4, 5});
  CHECK(shape_of(in, GlobalAveragePool{}) == Shape{12, 1, 1});
  CHECK(shape_of(in, Multiply{}, {0, 0}) == in);
  CHECK(shape_of(in, Upsample{3}) == Shape{12, 21, 27});
  CHECK(shape_of(in, Upsample{2, Upsample::Mode::Bilinear}) == Shape{12, 14, 18});
  CHECK(shape_of(in, Deconv{5, 2}) == Shape{5, 14, 18});
  CHECK(shape_of(in, LayerNorm{}) == in);
  CHECK(shape_of(in, LayerScale{}) == in);
  CHECK(shape_of(in, Dropout{0.5}) == in);
  CHECK(shape_of(in, Zero{}) == in);
  CHECK(shape_of(in, Zero{2}) == Shape{12, 4, 5});
  CHECK(shape_of(in, Zero{{1, 3}}) == Shape{12, 7, 3});
  CHECK(shape_of(in, Dense{33}) == Shape{33, 1, 1});
  CHECK(shape_of(in, Dense{}) == Shape{10, 1, 1});
  CHECK(infer_shapes(pair(in, {5, 3, 2}, PoolTo{}, {0, 1})).back() == Shape{12, 4, 5});
}

TEST_CASE("Each malformed network is named with its layer and rule") {
  const Shape in{12, 7, 9};
  const auto rule_of = [](const Network& network) {
    const std::string text = malformed(network);
    return text.substr(0, text.find("; got "));
  };
  const auto broken = [&](Op op, std::vector<int> inputs = {0}) {
    return rule_of(single(in, op, std::move(inputs)));
  };
  SECTION("operations") {
    CHECK(broken(Conv{0}) == "layer: out_channels must be at least 1");
    CHECK(broken(Conv{8, {3, 0}}) == "layer: kernel must be at least 1");
    CHECK(broken(Conv{8, -1}) == "layer: kernel must be at least 1");
    CHECK(broken(Conv{8, {1, 65}}) == "layer: kernel must be at most 63");
    CHECK(broken(Conv{8, 3, {1, 0}}) == "layer: stride must be at least 1");
    CHECK(broken(Conv{8, 3, {8, 1}}) == "layer: the stride takes the map below 1x1");
    const std::string larger =
        "layer: the window is larger than the map, and \"valid\" padding adds nothing";
    CHECK(broken(Conv{8, {8, 9}, 1, 1, 1, false, Padding::Valid}) == larger);
    CHECK(broken(Conv{8, {4, 1}, 1, 1, 3, false, Padding::Valid}) == larger);
    CHECK(broken(Pool{Pool::Kind::Max, {1, 10}, 1, Padding::Valid}) == larger);
    CHECK(broken(Conv{8, 65}) == "layer: kernel must be at most 63");
    CHECK(broken(Conv{8, 3, 0}) == "layer: stride must be at least 1");
    CHECK(broken(Conv{8, 3, 8}) == "layer: the stride takes the map below 1x1");
    CHECK(broken(Conv{8, 3, 1, 0}) == "layer: groups must be at least 1");
    CHECK(broken(Conv{8, 3, 1, 5}) == "layer: groups must divide the input width");
    CHECK(broken(Conv{10, 3, 1, 4}) == "layer: groups must divide the output width");
    CHECK(broken(Conv{8, 3, 1, 1, 0}) == "layer: dilation must be from 1 to 65536");
    CHECK(broken(Conv{70000}) == "layer: a tensor has at most 65536 channels");
    CHECK(broken(Activate{static_cast<Activation>(77)}) == "layer: unknown activation");
    CHECK(broken(Slice{3, 3}) == "layer: the split must give every branch a width");
    CHECK(broken(Slice{-1, 3}) == "layer: the split must give every branch a width");
    CHECK(broken(Slice{0, 13}) == "layer: the split must give every branch a width");
    CHECK(broken(Shuffle{5}) == "layer: groups must divide the width that is shuffled");
    CHECK(broken(Shuffle{0}) == "layer: groups must be at least 1");
    CHECK(broken(Pool{Pool::Kind::Max, 0, 1}) == "layer: kernel must be at least 1");
    CHECK(broken(Pool{Pool::Kind::Max, 8, 8}) == "layer: the stride takes the map below 1x1");
    CHECK(broken(Upsample{0}) == "layer: factor must be from 1 to 65536");
    CHECK(broken(Upsample{65536}) == "layer: a map's sides are at most 65536");
    CHECK(broken(Upsample{6000}) == "layer: a map has at most 2^30 elements");
    CHECK(broken(Upsample{129, Upsample::Mode::Bilinear}) ==
          "layer: a bilinear factor must be at most 128");
    CHECK(broken(Deconv{0, 2}) == "layer: out_channels must be at least 1");
    CHECK(broken(Deconv{4, 0}) == "layer: kernel must be from 1 to 63");
    CHECK(broken(Deconv{4, 64}) == "layer: kernel must be from 1 to 63");
    CHECK(broken(Deconv{16385, 2}) ==
          "layer: a deconv has at most 65536 channels times pixels of its kernel");
    CHECK(broken(Dropout{1}) == "layer: rate must be from 0 to below 1");
    CHECK(broken(Dropout{-0.1}) == "layer: rate must be from 0 to below 1");
    CHECK(broken(Dense{-1}) == "layer: out_features must not be negative");
    CHECK(broken(InputLayer{}, {}) == "layer: only the first layer may be the input layer");
  }
  SECTION("inputs") {
    CHECK(broken(BatchNorm{}, {}) == "layer: takes exactly one input");
    CHECK(broken(BatchNorm{}, {0, 0}) == "layer: takes exactly one input");
    CHECK(broken(BatchNorm{}, {1}) == "layer: an input must be an earlier layer");
    CHECK(broken(BatchNorm{}, {-1}) == "layer: an input must be an earlier layer");
    CHECK(broken(Add{}, {0}) == "layer: takes two or more inputs");
    CHECK(broken(Concat{}, {}) == "layer: takes one or more inputs");
    CHECK(broken(Multiply{}, {0}) == "layer: takes exactly two inputs");
    CHECK(broken(PoolTo{}, {0}) == "layer: takes exactly two inputs");
    CHECK(broken(InputLayer{}) == "layer: the input layer takes no input");
  }
  SECTION("joins") {
    const Conv strided{12, 3, 2};
    CHECK(malformed(pair(in, strided, Add{}, {0, 1})) ==
          "layer: branches that are joined must have maps of one size; got add of 12x7x9, 12x4x5");
    CHECK(rule_of(pair(in, {8, 3}, Add{}, {0, 1})) ==
          "layer: branches that are added must be equally wide");
    CHECK(
        malformed(pair(in, strided, Concat{}, {0, 1})) ==
        "layer: branches that are joined must have maps of one size; got concat of 12x7x9, 12x4x5");
    CHECK(malformed(pair(in, strided, Multiply{}, {0, 1})) ==
          "layer: a factor must have the map's shape, or one value a channel; got multiply of "
          "12x7x9, 12x4x5");
    CHECK(malformed(pair(in, strided, PoolTo{}, {1, 0})) ==
          "layer: an earlier map must be no smaller than the one that it joins; got pool_to of "
          "12x4x5, 12x7x9");
  }
  SECTION("the whole") {
    Network network = single(in, BatchNorm{});
    CHECK(malformed(network).empty());
    const auto with = [&](auto change) {
      Network changed = network;
      change(changed);
      return rule_of(changed);
    };
    CHECK(with([](Network& n) { n.layers.clear(); }) == "network: must have an input layer");
    CHECK(with([](Network& n) { n.layers.erase(n.layers.begin()); }) ==
          "layer: the first layer must be the input layer");
    CHECK(with([](Network& n) { n.input.height = 0; }) ==
          "input: every side of a tensor must be at least 1");
    CHECK(with([](Network& n) {
            n.input = {1, 65537, 1};
          }) == "input: a map's sides are at most 65536");
    CHECK(with([](Network& n) { n.layers[1].name = "input"; }) ==
          "input: a layer's name must be unique");
    CHECK(with([](Network& n) { n.layers[1].name = ""; }) ==
          "network: every layer must have a name");
    CHECK(with([](Network& n) { n.outputs.clear(); }) == "network: must have an output");
    CHECK(with([](Network& n) { n.outputs[0].layer = 2; }) ==
          "output out: must be a layer of the network");
    CHECK(with([](Network& n) {
            n.outputs.push_back({"out", 0});
          }) == "output out: an output's name must be unique");
    CHECK(with([](Network& n) { n.outputs[0].name = ""; }) ==
          "network: every output must have a name");
    CHECK(with([](Network& n) {
            n.classes = 0;
            n.layers[1].op = Dense{};
          }) == "layer: the network must have classes");
  }
}

TEST_CASE("Inferring the shapes of a malformed network is our bug and says which layer") {
  const Network network = single({3, 8, 8}, Conv{8, {2, 9}, {1, 2}, 1, 1, false, Padding::Valid});
  CHECK_THROWS_AS(infer_shapes(network), atto::InternalError);
  CHECK_THROWS_WITH(infer_shapes(network),
                    "malformed network: layer: the window is larger than the map, and \"valid\" "
                    "padding adds nothing; got conv 2x9 /1x2 valid of 3x8x8");
}

TEST_CASE("Random networks are well-formed, and use every operation") {
  std::vector<int> used(std::variant_size_v<Op>);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Network network = random_network(seed);
    REQUIRE(malformed(network).empty());
    for (const Layer& layer : network.layers) ++used[layer.op.index()];
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    INFO(i);
    CHECK(used[i] > 10);
  }
}
