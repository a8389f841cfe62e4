// The int8 interpreter keeps the rules of quantisation.hpp: small cases worked out by hand.
#include <catch2/catch.hpp>

#include "design_specs/errors.hpp"
#include "export/reference/int8_interpreter.hpp"

using namespace atto;
using deploy::FusedNode;
using deploy::TensorQuantisation;

namespace {

/// A network of an input and what is added, with its quantisation; powers of two keep floats exact.
struct Hand {
  deploy::FusedNetwork network{"hand", 0, {}, {}};
  deploy::Quantisation quantisation;

  int add(FusedNode node, TensorQuantisation tensor, deploy::WeightQuantisation weights = {}) {
    node.name = "node" + std::to_string(network.nodes.size());
    network.nodes.push_back(std::move(node));
    quantisation.tensors.push_back(tensor);
    quantisation.weights.push_back(std::move(weights));
    network.outputs = {{"out", static_cast<int>(network.nodes.size()) - 1}};
    return network.outputs[0].layer;
  }
  std::vector<float> run(const std::vector<float>& image) const {
    return deploy::Int8Interpreter(network, quantisation).run(image).at(0);
  }
};

Hand with_input(net::Shape shape, TensorQuantisation tensor) {
  Hand hand;
  hand.add({"", deploy::FusedInput{}, {}, shape, {}, -1, {}, {}}, tensor);
  return hand;
}

FusedNode node_of(deploy::FusedOp op, std::vector<int> inputs, net::Shape shape,
                  net::Activation activation = net::Activation::None) {
  return {"", std::move(op), std::move(inputs), shape, activation, -1, {}, {}};
}

deploy::FusedConv conv_of(int kernel, int stride, int groups, std::size_t weights,
                          std::size_t outputs) {
  return {kernel, stride, groups, 1, std::vector<float>(weights), std::vector<float>(outputs)};
}

using Values = std::vector<float>;

}  // namespace

TEST_CASE("values round to the nearest, ties to even, and saturate") {
  CHECK(deploy::round_to_u8(2.5F, 10) == 12);
  CHECK(deploy::round_to_u8(3.5F, 10) == 14);
  CHECK(deploy::round_to_u8(-2.5F, 10) == 8);
  CHECK(deploy::round_to_u8(-11, 10) == 0);
  CHECK(deploy::round_to_u8(1e30F, 10) == 255);
  CHECK(deploy::round_to_u8(-1e30F, 10) == 0);
  // The input: 0.75 / 0.5 = 1.5 is even at 2; 0.25 / 0.5 = 0.5 at 0; below the range at -4 * 0.5.
  CHECK(with_input({1, 1, 4}, {0.5F, 4}).run({0.75F, 0.25F, -9, 1000}) == Values{1, 0, -2, 125.5F});
}

TEST_CASE("a convolution counts padding as zero, adds its bias, and rescales each channel") {
  Hand hand = with_input({1, 1, 3}, {1, 2});
  hand.add(node_of(conv_of(3, 1, 1, 18, 2), {0}, {2, 1, 3}), {0.5F, 128},
           // The middle row of each kernel meets the one row of the map.
           {{0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0}, {0.5F, 0.25F}, {10, -6}});
  // sums 10 + {2*1 + 3*2, 1 + 4 + 9, 2 + 6} = {18, 24, 18}, times 1 * 0.5 / 0.5
  // sums -6 + {4, 8, 12} = {-2, 2, 6}, times 0.25 / 0.5, in steps of 0.5
  CHECK(hand.run({1, 2, 3}) == Values{9, 12, 9, -0.5F, 0.5F, 1.5F});
}

TEST_CASE("strides, groups and dense layers take the right values") {
  SECTION("stride 2, depthwise") {
    Hand hand = with_input({2, 1, 4}, {1, 0});
    hand.add(node_of(conv_of(1, 2, 2, 2, 2), {0}, {2, 1, 2}), {1, 0}, {{2, 3}, {1, 1}, {0, 1}});
    CHECK(hand.run({1, 2, 3, 4, 5, 6, 7, 8}) == Values{2, 6, 16, 22});
  }
  SECTION("dense over a map") {
    Hand hand = with_input({2, 1, 2}, {1, 1});
    hand.add(node_of(deploy::FusedDense{Values(8), Values(2)}, {0}, {2, 1, 1}), {1, 100},
             {{1, 2, 3, 4, -1, 0, 0, 1}, {1, 1}, {5, 0}});
    CHECK(hand.run({1, 2, 3, 4}) == Values{35, 3});
  }
}

TEST_CASE("a residual is added before the one rounding, between the two clamps") {
  Hand hand = with_input({1, 1, 4}, {1, 100});
  FusedNode conv = node_of(conv_of(1, 1, 1, 1, 1), {0}, {1, 1, 4}, net::Activation::Relu);
  conv.residual = 0;
  conv.joined_activation = net::Activation::Relu6;
  hand.add(conv, {2, 0}, {{1}, {0.5F}, {0}});
  // x = relu(q / 2 / 2) + q / 2, clamped to 6 / 2: of 1: 0.25 + 0.5 -> 1; of 2: 0.5 + 1 = 1.5 -> 2;
  // of -4: 0 - 2 -> 0; of 50: 3
  CHECK(hand.run({1, 2, -4, 50}) == Values{2, 4, 0, 6});
}

TEST_CASE("sums, products, averages and tables follow their formulas") {
  SECTION("add") {
    Hand hand = with_input({1, 1, 2}, {0.5F, 8});
    hand.add(node_of(deploy::FusedAdd{}, {0, 0, 0}, {1, 1, 2}, net::Activation::Relu), {0.5F, 3});
    CHECK(hand.run({1, -1}) == Values{3, 0});
  }
  SECTION("multiply, the second broadcast") {
    Hand hand = with_input({1, 1, 2}, {1, 8});
    const int mean = hand.add(node_of(net::GlobalAveragePool{}, {0}, {1, 1, 1}), {0.5F, 1});
    hand.add(node_of(deploy::FusedMultiply{}, {0, mean}, {1, 1, 2}), {1, 20});
    // the mean of 2 and 3 is 5 halves
    CHECK(hand.run({2, 3}) == Values{5, 8});  // 7.5 rounds to 8
  }
  SECTION("averages leave padding out; the largest keeps its place") {
    Hand hand = with_input({1, 1, 3}, {1, 4});
    const net::Pool pool{net::Pool::Kind::Average, 3, 1};
    hand.add(node_of(pool, {0}, {1, 1, 3}), {0.5F, 0});
    CHECK(hand.run({1, 2, 3}) == Values{1.5F, 2, 2.5F});
    hand.network.nodes[1].op = net::Pool{net::Pool::Kind::Max, 3, 1};
    hand.quantisation.tensors[1] = {1, 4};
    CHECK(hand.run({1, -2, -3}) == Values{1, 1, -2});
  }
  SECTION("an adaptive average covers overlapping cells") {
    Hand hand = with_input({1, 1, 3}, {1, 4});
    hand.add(node_of(net::PoolTo{}, {0}, {1, 1, 2}), {0.5F, 0});
    CHECK(hand.run({1, 2, 4}) == Values{1.5F, 3});
  }
  SECTION("moved channels change their scale, repeated ones are copies") {
    Hand hand = with_input({2, 1, 1}, {0.5F, 0});
    hand.add(node_of(deploy::FusedChannels{{{0, 1}, {0, 0}, {0, 1}}}, {0}, {3, 1, 1}), {1, 0});
    CHECK(hand.run({1.5F, 2.5F}) == Values{2, 2, 2});  // both ties go to the even place
  }
  SECTION("an activation is a table; upsampling repeats; softmax is in floats") {
    Hand hand = with_input({2, 1, 1}, {1, 10});
    const int gate = hand.add(
        node_of(deploy::FusedActivate{}, {0}, {2, 1, 1}, net::Activation::HardSigmoid), {0.25F, 0});
    CHECK(hand.run({-6, 1}) == Values{0, 0.75F});  // 1/6 + 1/2 is 2.67 quarters
    const int large = hand.add(node_of(net::Upsample{2}, {gate}, {2, 2, 2}), {0.25F, 0});
    CHECK(hand.run({-6, 1}) == Values{0, 0, 0, 0, 0.75F, 0.75F, 0.75F, 0.75F});
    hand.add(node_of(net::Softmax{}, {large}, {2, 2, 2}), {});
    const Values shares = hand.run({-6, 1});
    CHECK(shares[0] == Approx(1 / (1 + std::exp(0.75))));
    CHECK(shares[0] + shares[4] == Approx(1));
  }
}

TEST_CASE("a quantisation that does not belong to the network is refused") {
  Hand hand = with_input({1, 1, 1}, {1, 0});
  hand.add(node_of(conv_of(1, 1, 1, 1, 1), {0}, {1, 1, 1}), {1, 0}, {{1}, {1}, {0}});
  CHECK_NOTHROW(hand.run({1}));
  hand.quantisation.weights[1].bias = {2147483647};
  CHECK_THROWS_AS(hand.run({1}), InternalError);
  hand.quantisation.weights[1].bias = {};
  CHECK_THROWS_AS(hand.run({1}), InternalError);
  hand.quantisation.tensors.pop_back();
  CHECK_THROWS_AS(hand.run({1}), InternalError);
}
