// The rules of bf16.hpp and its packing: small cases worked out by hand.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "export/lowering/bf16.hpp"
#include "export/lowering/pack.hpp"
#include "export/reference/fused_interpreter.hpp"

using namespace atto;
using deploy::FusedNode;

namespace {

using Values = std::vector<float>;

FusedNode plain_node(deploy::FusedOp op, std::vector<int> inputs, net::Shape shape) {
  return {"", std::move(op), std::move(inputs), shape, {}, -1, {}, {}};
}

/// input -> copy -> op, so that op is not the first layer.
deploy::FusedNetwork behind_a_copy(net::Shape input, deploy::FusedOp op, net::Shape output) {
  return {"hand",
          0,
          {plain_node(deploy::FusedInput{}, {}, input),
           plain_node(deploy::FusedActivate{}, {0}, input), plain_node(std::move(op), {1}, output)},
          {{"out", 2}}};
}

}  // namespace

TEST_CASE("bf16 is the nearest float of 8 bits of precision, ties to even") {
  constexpr float kStep = 1.0F / 128;  // between neighbours from 1 to 2
  CHECK(deploy::bf16_of(1) == 0x3f80);
  CHECK(deploy::bf16_of(-2.5F) == 0xc020);
  CHECK(deploy::bf16_rounded(1 + kStep) == 1 + kStep);
  CHECK(deploy::bf16_rounded(1 + kStep / 2) == 1);
  CHECK(deploy::bf16_rounded(1 + 3 * kStep / 2) == 1 + 2 * kStep);
  CHECK(deploy::bf16_rounded(std::nextafter(1 + kStep / 2, 2.0F)) == 1 + kStep);
  CHECK(deploy::bf16_rounded(-(2 - kStep / 2)) == -2);  // carries into the exponent
  CHECK(std::signbit(deploy::bf16_rounded(-0.0F)));
  using Limits = std::numeric_limits<float>;
  CHECK(deploy::bf16_rounded(Limits::max()) == Limits::infinity());
  CHECK(deploy::bf16_rounded(-Limits::infinity()) == -Limits::infinity());
  for (const std::uint32_t nan : {0x7f800001U, 0x7fffffffU, 0xffffffffU, 0xffc00000U})
    CHECK(std::isnan(deploy::bf16_rounded(std::bit_cast<float>(nan))));
}

TEST_CASE("bf16 weights lie in pairs of channels, behind an odd depth a zero") {
  Values packed;  // two taps of three channels
  for (int i = 0; i < 2 * 3 * 16; ++i) packed.push_back(static_cast<float>(i + 1));
  const Values paired = deploy::with_channels_together(packed, 3, 2);
  REQUIRE(paired.size() == 2 * 2 * 16 * 2);
  CHECK(paired[0] == 1);        // tap 0, channel 0, lane 0
  CHECK(paired[1] == 17);       // tap 0, channel 1, lane 0
  CHECK(paired[2] == 2);        // tap 0, channel 0, lane 1
  CHECK(paired[32] == 33);      // tap 0, channel 2, lane 0
  CHECK(paired[33] == 0);       // beyond the depth
  CHECK(paired[64 + 1] == 65);  // tap 1, channel 1, lane 0
  CHECK(deploy::as_bf16({1, -2.5F}) == std::vector<std::uint16_t>{0x3f80, 0xc020});
}

TEST_CASE("the reference rounds what it multiplies, and neither bias nor sum") {
  // 1 + 1/256 rounds to 1, and so does the weight; the bias keeps its digits.
  constexpr float kFine = 1 + 1.0F / 256;
  const deploy::FusedConv conv{1, 1, 1, 1, {kFine, 3}, {kFine}};
  const deploy::FusedNetwork network = behind_a_copy({2, 1, 1}, conv, {1, 1, 1});
  const Values image = {kFine, 1};
  const auto run = [&](deploy::Precision precision) {
    return deploy::FusedInterpreter(network, precision).run(image).at(0).at(0);
  };
  CHECK(run(deploy::Precision::Bf16) == 1 + 3 + kFine);
  CHECK(run(deploy::Precision::F32) == Approx(kFine * kFine + 3 + kFine).epsilon(1e-7));
}

TEST_CASE("layers that pairs of channels do not suit stay float") {
  const auto is_bf16 = [](deploy::FusedOp op, net::Shape shape, int input) {
    deploy::FusedNetwork network = behind_a_copy(shape, std::move(op), shape);
    network.nodes[2].inputs = {input};
    return deploy::multiplies_in_bf16(network, network.nodes[2]);
  };
  const auto conv = [](int groups) { return deploy::FusedConv{1, 1, groups, 1, {}, {}}; };
  CHECK(is_bf16(conv(1), {32, 2, 2}, 1));
  CHECK(is_bf16(conv(2), {32, 2, 2}, 1));
  CHECK(is_bf16(conv(1), {32, 2, 2}, 0));         // the image
  CHECK_FALSE(is_bf16(conv(4), {32, 2, 2}, 1));   // 8 channels a group: interleaved
  CHECK_FALSE(is_bf16(conv(32), {32, 2, 2}, 1));  // depthwise
  const auto window = [&](int kernel, int stride, int groups) {
    return is_bf16(deploy::FusedConv{kernel, stride, groups, 1, {}, {}}, {32, 2, 2}, 1);
  };
  for (const int kernel : {3, 5}) CHECK(window(kernel, 1, 16));
  CHECK_FALSE(window(7, 1, 4));  // no kernel
  CHECK(window(3, 2, 4));
  CHECK_FALSE(window(3, 2, 8));  // rounding costs more than the products save
  CHECK_FALSE(window(5, 2, 4));
  CHECK(is_bf16(deploy::FusedDense{}, {32, 2, 2}, 0));
  CHECK_FALSE(is_bf16(deploy::FusedActivate{}, {32, 2, 2}, 1));
}
