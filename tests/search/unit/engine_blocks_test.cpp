// What a chain of steps is said to be made of.
#include "search/latency/engine/engine_blocks.hpp"

#include <catch2/catch.hpp>

#include "search/latency/engine/random_weights.hpp"
#include "tests/export/runtime/runtime_networks.hpp"

using namespace atto;

TEST_CASE("A chain has the multiply-adds of its kinds of kernels, starts, weights and values") {
  // A depthwise window and a point-wise convolution, from 32 channels to 48, run as one chain.
  test::Sketch sketch({3, 16, 16});
  int at = sketch.add(net::Conv{32, 3, 1}, {0});
  at = sketch.add(net::Conv{32, 5, 2, 32}, {at});
  at = sketch.add(net::Conv{48, 1}, {at});
  at = sketch.add(net::GlobalAveragePool{}, {at});
  const net::Network network = sketch.ending(sketch.add(net::Dense{3}, {at}));
  const test::LoadedModel loaded = test::load(network, search::random_weights(network, 1));
  const format::Program& program = loaded.model.program();
  const std::vector<format::Chain> chains = format::chains_of(program);
  REQUIRE(chains.size() >= 2);
  REQUIRE(chains[1].last > chains[1].first);
  std::string kernels = "gconv5x5s2c16+conv1x1s1";
  for (std::size_t i = chains[1].first + 2; i <= chains[1].last; ++i) kernels += "+mean";
  const search::Block block = search::block_of(program, chains[1], kernels);
  CHECK(block.amounts.at("gconv5x5s2") == 32.0 * 25 * 8 * 8);
  CHECK(block.amounts.at("conv1x1s1") == 48.0 * 32 * 8 * 8);
  CHECK(block.amounts.at("start") == 1e4 * double(chains[1].last - chains[1].first + 1));
  CHECK(block.amounts.at("weights") == 32.0 * 25 + 48.0 * 32);
  CHECK(block.amounts.at("values") >= 32.0 * 16 * 16);
  CHECK(block.amounts.count("gconv5x5s2c16") == 0);
  CHECK(block.family.starts_with(kernels));
  CHECK(block.key.starts_with(block.family));
  CHECK(block.features[0] == Approx(std::log(64.0)));
}
