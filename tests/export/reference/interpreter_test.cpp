// The plain operations on maps small enough to compute by hand.
#include "export/reference/interpreter.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <numeric>

#include "design_specs/errors.hpp"
#include "prototypes/network/shapes.hpp"

using namespace atto;
using net::Activation;
using Values = std::vector<float>;

namespace {

net::Tensor tensor(std::vector<std::int64_t> shape, const Values& values) {
  net::Tensor made{net::Tensor::Type::F32, std::move(shape), {}};
  made.bytes.resize(values.size() * sizeof(float));
  std::memcpy(made.bytes.data(), values.data(), made.bytes.size());
  return made;
}

/// Runs one operation on the input (twice when it takes two).
Values run(const net::Op& op, const net::Shape& in, const Values& image,
           const std::map<std::string, net::Tensor>& weights = {}, int inputs = 1) {
  net::Network network{"one", in, 3, {{"input", net::InputLayer{}, {}}}, {{"out", 1}}};
  network.layers.push_back({"op", op, std::vector<int>(static_cast<std::size_t>(inputs), 0)});
  return deploy::Interpreter(network, {weights, {}}).run(image).at(0);
}

Values counted(int count) {
  Values values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 1.0F);
  return values;
}

}  // namespace

TEST_CASE("the interpreter convolves with zero padding, stride, groups and bias") {
  SECTION("a 3x3 box over 1..9 sums the neighbours") {
    const Values sums = run(net::Conv{1, 3, 1, 1, 1, false}, {1, 3, 3}, counted(9),
                            {{"op.weight", tensor({1, 1, 3, 3}, Values(9, 1))}});
    CHECK(sums == Values{12, 21, 16, 27, 45, 33, 24, 39, 28});
  }
  SECTION("stride 2 keeps the even places") {
    const Values sums =
        run(net::Conv{1, 3, 2, 1, 1, true}, {1, 3, 3}, counted(9),
            {{"op.weight", tensor({1, 1, 3, 3}, Values(9, 1))}, {"op.bias", tensor({1}, {100})}});
    CHECK(sums == Values{112, 116, 124, 128});
  }
  SECTION("dilation 2 reads every other place") {
    const Values sums = run(net::Conv{1, 3, 1, 1, 2, false}, {1, 3, 3}, counted(9),
                            {{"op.weight", tensor({1, 1, 3, 3}, Values(9, 1))}});
    CHECK(sums == Values{20, 10, 20, 10, 5, 10, 20, 10, 20});
  }
  SECTION("a window wider than the map reads its padding as zero") {
    const Values sums = run(net::Conv{1, 5, 2, 1, 2, false}, {1, 2, 2}, counted(4),
                            {{"op.weight", tensor({1, 1, 5, 5}, counted(25))}});
    CHECK(sums == Values{13});
  }
  SECTION("each group sees its own channels; weights are [O, I / g, k, k]") {
    const Values out = run(net::Conv{4, 1, 1, 2, 1, false}, {4, 1, 2}, {1, 2, 3, 4, 5, 6, 7, 8},
                           {{"op.weight", tensor({4, 2, 1, 1}, {1, 0, 0, 1, 1, 1, 2, -1})}});
    CHECK(out == Values{1, 2, 3, 4, 12, 14, 3, 4});
  }
}

TEST_CASE("the interpreter pools as the IR says") {
  using Kind = net::Pool::Kind;
  const Values image = counted(9);
  SECTION("an even kernel cuts its last window") {
    CHECK(run(net::Pool{Kind::Max, 2, 2}, {1, 3, 3}, image) == Values{5, 6, 8, 9});
    CHECK(run(net::Pool{Kind::Average, 2, 2}, {1, 3, 3}, image) == Values{3, 4.5F, 7.5F, 9});
  }
  SECTION("an odd kernel is padded, and the padding is not counted") {
    CHECK(run(net::Pool{Kind::Average, 3, 2}, {1, 3, 3}, image) == Values{3, 4, 6, 7});
    CHECK(run(net::Pool{Kind::Max, 3, 2}, {1, 3, 3}, {-1, -2, -3, -4, -5, -6, -7, -8, -9}) ==
          Values{-1, -2, -4, -5});
  }
  SECTION("cells of the adaptive pool overlap where sides do not divide") {
    net::Network network{"two", {1, 1, 3}, 3, {{"input", net::InputLayer{}, {}}}, {{"out", 2}}};
    network.layers.push_back({"half", net::Pool{Kind::Max, 3, 1}, {0}});
    network.layers.push_back({"to", net::PoolTo{}, {0, 0}});
    CHECK(deploy::Interpreter(network, {}).run(counted(3)).at(0) == counted(3));
    network.input = {1, 3, 3};
    network.layers[1] = {"half", net::Pool{Kind::Max, 2, 2}, {0}};
    network.layers[2] = {"to", net::PoolTo{}, {0, 1}};
    CHECK(deploy::Interpreter(network, {}).run(image).at(0) == Values{3, 4, 6, 7});
  }
  CHECK(run(net::GlobalAveragePool{}, {2, 1, 3}, counted(6)) == Values{2, 5});
}

TEST_CASE("the interpreter rearranges") {
  CHECK(run(net::Shuffle{2}, {6, 1, 1}, counted(6)) == Values{1, 4, 2, 5, 3, 6});
  CHECK(run(net::Slice{1, 3}, {4, 1, 2}, counted(8)) == Values{3, 4, 5, 6});
  CHECK(run(net::Concat{}, {1, 1, 2}, {1, 2}, {}, 2) == Values{1, 2, 1, 2});
  CHECK(run(net::Upsample{2}, {1, 1, 2}, {1, 2}) == Values{1, 1, 2, 2, 1, 1, 2, 2});
  CHECK(run(net::Upsample{2, net::Upsample::Mode::Bilinear}, {1, 1, 2}, {1, 2}) ==
        Values{1, 1.25F, 1.75F, 2, 1, 1.25F, 1.75F, 2});
  CHECK(run(net::Dropout{0.5}, {1, 1, 2}, {1, 2}) == Values{1, 2});
  CHECK(run(net::Add{}, {1, 1, 2}, {1, 2}, {}, 3) == Values{3, 6});
  CHECK(run(net::Multiply{}, {2, 1, 2}, counted(4), {}, 2) == Values{1, 4, 9, 16});
  net::Network gated{"gated", {2, 1, 2}, 3, {{"input", net::InputLayer{}, {}}}, {{"out", 2}}};
  gated.layers.push_back({"pool", net::GlobalAveragePool{}, {0}});
  gated.layers.push_back({"gate", net::Multiply{}, {0, 1}});
  CHECK(deploy::Interpreter(gated, {}).run(counted(4)).at(0) == Values{1.5F, 3, 10.5F, 14});
}

TEST_CASE("the interpreter normalises, classifies and activates") {
  SECTION("batch norm") {
    const Values out = run(net::BatchNorm{}, {2, 1, 1}, {3, 5},
                           {{"op.weight", tensor({2}, {2, 1})},
                            {"op.bias", tensor({2}, {1, -1})},
                            {"op.running_mean", tensor({2}, {1, 5})},
                            {"op.running_var", tensor({2}, {4, 9})}});
    CHECK(out[0] == Approx(3.0).epsilon(1e-5));
    CHECK(out[1] == -1);
  }
  SECTION("layer norm over channels, then scale and shift") {
    const Values out = run(net::LayerNorm{}, {2, 1, 2}, {3, 7, 5, 7},
                           {{"op.weight", tensor({2}, {2, 1})}, {"op.bias", tensor({2}, {1, -1})}});
    CHECK(out[0] == Approx(-1.0).epsilon(1e-5));
    CHECK(out[1] == 1);
    CHECK(out[2] == Approx(0.0).margin(1e-5));
    CHECK(out[3] == -1);
  }
  SECTION("layer scale") {
    CHECK(run(net::LayerScale{}, {2, 1, 1}, {3, 5}, {{"op.weight", tensor({2}, {2, 0.5F})}}) ==
          Values{6, 2.5F});
  }
  SECTION("deconv puts a window down for every place of its input") {
    CHECK(run(net::Deconv{1, 2, true}, {2, 1, 1}, {1, 10},
              {{"op.weight", tensor({2, 1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})},
               {"op.bias", tensor({1}, {100})}}) == Values{151, 162, 173, 184});
  }
  SECTION("dense on the flattened map, then softmax over channels") {
    const Values logits = run(
        net::Dense{}, {2, 1, 1}, {1, 2},
        {{"op.weight", tensor({3, 2}, {1, 0, 0, 1, 1, 1})}, {"op.bias", tensor({3}, {0, 0, 1})}});
    CHECK(logits == Values{1, 2, 4});
    const Values shares = run(net::Softmax{}, {2, 1, 2}, {0, 1, 0, 1});
    CHECK(shares == Values{0.5F, 0.5F, 0.5F, 0.5F});
  }
  SECTION("activations at -4, 1 and 7") {
    const std::pair<Activation, Values> cases[] = {
        {Activation::None, {-4, 1, 7}},
        {Activation::Relu, {0, 1, 7}},
        {Activation::Relu6, {0, 1, 6}},
        {Activation::LeakyRelu, {-0.4F, 1, 7}},
        {Activation::Sigmoid, {0.0179862F, 0.7310586F, 0.9990889F}},
        {Activation::HardSigmoid, {0, 2.0F / 3, 1}},
        {Activation::Swish, {-0.0719448F, 0.7310586F, 6.9936226F}},
        {Activation::HardSwish, {0, 2.0F / 3, 7}},
        {Activation::Gelu, {-0.00012668F, 0.8413447F, 7}},
        {Activation::Tanh, {-0.9993293F, 0.7615942F, 0.9999983F}}};
    for (const auto& [kind, wanted] : cases) {
      const Values got = run(net::Activate{kind}, {1, 1, 3}, {-4, 1, 7});
      for (std::size_t i = 0; i < 3; ++i)
        CHECK(got[i] == Approx(wanted[i]).epsilon(1e-5).margin(1e-7));
    }
  }
}

TEST_CASE("the interpreter shows every layer and refuses weights that are not the network's") {
  net::Network network{"two", {1, 1, 2}, 3, {{"input", net::InputLayer{}, {}}}, {{"out", 2}}};
  network.layers.push_back({"a", net::Activate{Activation::Relu}, {0}});
  network.layers.push_back({"b", net::Add{}, {1, 1}});
  std::map<int, Values> seen;
  deploy::Interpreter(network, {})
      .run(Values{-1, 2}, [&](int layer, std::span<const float> values) {
        seen[layer] = Values(values.begin(), values.end());
      });
  CHECK(seen == std::map<int, Values>{{0, {-1, 2}}, {1, {0, 2}}, {2, {0, 4}}});
  network.layers.push_back({"norm", net::BatchNorm{}, {2}});
  CHECK_THROWS_AS(deploy::Interpreter(network, {}), SpecError);
}
