// What a C file takes, known without its weights: equal to that of the written file, and never
// below what the generator knows of a network.
#include "export/c/c_sizes.hpp"

#include <catch2/catch.hpp>

#include "design_specs/errors.hpp"
#include "export/c/c_source.hpp"
#include "export/lowering/passes.hpp"
#include "export/quantisation/quantise.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/network/costs.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/prototypes/network/random_network.hpp"

namespace atto::deploy::c {
namespace {

/// The sizes of the written file with these weights; nothing where int8 cannot express it.
std::optional<CSizes> written_sizes(const net::Network& network, std::uint64_t seed) try {
  const FusedNetwork fused = fuse(network, test::random_weights(network, seed), Attach::Clamps);
  const Quantisation quantisation = quantise(fused, test::random_image(network.input, seed));
  const CSource source = c_source({fused, &quantisation, {}, {}, {}, 1, 2, "model"});
  CHECK(source.source.find(std::to_string(source.sizes.constant_bytes) + " bytes of constants") !=
        std::string::npos);
  CHECK(source.header.find("MODEL_ARENA_BYTES " + std::to_string(source.sizes.arena_bytes)) !=
        std::string::npos);
  return source.sizes;
} catch (const SpecError&) {
  return {};
}

void require_same(const CSizes& a, const CSizes& b) {
  REQUIRE(a.constant_bytes == b.constant_bytes);
  REQUIRE(a.arena_bytes == b.arena_bytes);
  REQUIRE(a.kernels == b.kernels);
}

/// Whether some layer's values reach no output; of what a pool takes its size from, none are read.
bool has_dead(const net::Network& network) {
  std::vector<char> lives(network.layers.size());
  for (const net::Output& output : network.outputs)
    lives[static_cast<std::size_t>(output.layer)] = 1;
  for (std::size_t i = network.layers.size(); i-- > 0;) {
    if (!lives[i]) return true;
    const net::Layer& layer = network.layers[i];
    const bool has_size = std::holds_alternative<net::PoolTo>(layer.op);
    for (std::size_t k = 0; k < (has_size ? 1 : layer.inputs.size()); ++k)
      lives[static_cast<std::size_t>(layer.inputs[k])] = 1;
  }
  return false;
}

/// A draw of a prototype's decisions; nothing where they do not fit together.
std::optional<net::Network> drawn(const net::Prototype& prototype, std::uint64_t seed) {
  net::Assignment assignment(prototype.decisions().size(), net::kInactive);
  spec::Random random(seed);
  net::draw(prototype.decisions(), assignment, random);
  return net::realise(prototype, assignment, prototype.written_input()).network;
}

std::vector<net::Prototype> shipped() {
  std::vector<net::Prototype> prototypes;
  for (const auto& entry : std::filesystem::directory_iterator(ATTO_SOURCE_DIR "/prototypes"))
    if (entry.path().extension() == ".json" &&
        entry.path().string().find(".schema.") == std::string::npos)
      prototypes.push_back(net::read_prototype(entry.path()));
  std::erase_if(prototypes, [](const net::Prototype& read) { return read.is_detector(); });
  return prototypes;
}

}  // namespace

TEST_CASE("Sizes that are known before training are those of the written file, whatever weighs") {
  int written = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    INFO(seed);
    const net::Network network = net::random_network(seed);
    const std::optional<CSizes> first = written_sizes(network, 3);
    if (!first) {
      continue;
    }
    ++written;
    require_same(int8_sizes(network), *first);
    if (const auto second = written_sizes(network, 4)) require_same(*second, *first);
  }
  CHECK(written > 20);
}

TEST_CASE("No file is smaller than what the generator knows of its network") {
  int compared = 0;
  const auto compare = [&](const net::Network& network) {
    if (has_dead(network)) return;  // the language makes no such layers
    const net::Costs costs = net::count_costs(network);
    try {
      const CSizes sizes = int8_sizes(network);
      CAPTURE(network.name, network.layers.size());
      REQUIRE(sizes.constant_bytes >= static_cast<std::uint64_t>(costs.least_flash_bytes));
      REQUIRE(sizes.arena_bytes >= static_cast<std::uint64_t>(costs.least_ram_bytes));
      ++compared;
    } catch (const SpecError&) {
    }
  };
  for (std::uint64_t seed = 0; seed < 300; ++seed) compare(net::random_network(seed));
  for (const net::Prototype& prototype : shipped())
    for (std::uint64_t seed = 0; seed < 10; ++seed)
      if (const auto network = drawn(prototype, seed); network && network->input.height <= 64)
        compare(*network);
  CHECK(compared > 100);
}

TEST_CASE("A network that int8 C cannot express has no sizes, and says why") {
  net::Network network{"early", {4, 8, 8}, 4, {{"input", net::InputLayer{}, {}}}, {}};
  network.layers.push_back({"soft", net::Softmax{}, {0}});
  network.layers.push_back({"conv", net::Conv{4, 3}, {1}});
  network.outputs = {{"logits", 2}};
  CHECK_THROWS_WITH(int8_sizes(network), Catch::Contains("softmax only as an output"));
}

}  // namespace atto::deploy::c
