#include "export/lowering/memory_plan.hpp"

#include <catch2/catch.hpp>

#include "export/format/program_rules.hpp"
#include "export/lowering/lower.hpp"
#include "export/lowering/passes.hpp"
#include "export/lowering/steps.hpp"
#include "prototypes/network/network.hpp"
#include "tests/export/runtime/runtime_networks.hpp"
#include "tests/prototypes/network/random_network.hpp"

namespace atto::deploy {
namespace {

/// All tensors zero: a memory plan does not depend on them.
net::TensorFile no_weights(const net::Network& network) {
  net::TensorFile file;
  for (const net::WeightSpec& spec : net::weight_specs(network)) {
    net::Tensor& tensor = file.tensors[spec.name];
    tensor.shape = spec.shape;
    tensor.bytes.resize(static_cast<std::size_t>(tensor.elements()) * 4);
  }
  return file;
}

/// Two storages that are in use at the same step, byte by byte; shares no code with the plan.
bool has_overlap(const format::Program& program) {
  const auto ranges = format::live_ranges(program);
  for (std::size_t a = 0; a < ranges.size(); ++a)
    for (std::size_t b = a + 1; b < ranges.size(); ++b) {
      const bool together = ranges[a].used && ranges[b].used && ranges[a].first <= ranges[b].last &&
                            ranges[b].first <= ranges[a].last;
      const format::Storage &x = program.storages[a], &y = program.storages[b];
      if (together && x.offset < y.offset + y.bytes && y.offset < x.offset + x.bytes) return true;
    }
  return false;
}

struct Worst {
  double ratio = 0;
  std::string name;
  void look_at(const std::string& of, const net::Network& network) {
    const format::Program program = lower(fuse(network, no_weights(network)), {}).program;
    INFO(of);
    REQUIRE_FALSE(has_overlap(program));
    const double now = static_cast<double>(program.arena_bytes) /
                       static_cast<double>(std::max<std::uint64_t>(smallest_arena(program), 1));
    if (now > ratio) {
      ratio = now;
      name = of;
    }
  }
};

}  // namespace

TEST_CASE("arenas never overlap and are within 10 % of the smallest") {
  Worst worst;
  for (const auto& [name, network] : test::shipped_networks(224)) worst.look_at(name, network);
  for (const char* spec : {"quickstart", "cifar10_tiny", "attonet_b"})
    for (const auto& [name, network] : test::generated_networks(spec, 400))
      worst.look_at(name, network);
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    worst.look_at("random " + std::to_string(seed), net::random_network(seed));
  std::printf("largest arena: %.3f of the lower bound (%s)\n", worst.ratio, worst.name.c_str());
  CHECK(worst.ratio <= 1.10);
}

TEST_CASE("steps replace what they read where nobody needs it any more") {
  test::Sketch sketch({16, 8, 8});
  const auto storages = [&](int last) {
    const net::Network network = sketch.ending(last);
    return lower(fuse(network, no_weights(network)), {}).program.storages.size();
  };
  const int a = sketch.add(net::Conv{16, 1}, {0});
  const int b = sketch.add(net::Conv{16, 1}, {a});
  SECTION("a residual is overwritten") {
    const int sum = sketch.add(net::Add{}, {b, a});
    // a is read by b as well as by the sum: it cannot go while b reads it.
    CHECK(storages(sum) == 3);
    const int c = sketch.add(net::Conv{16, 1}, {b});
    CHECK(storages(sketch.add(net::Add{}, {c, a})) == 3);
  }
  SECTION("not while somebody else reads it") {
    const int c = sketch.add(net::Conv{16, 1}, {b});
    const int sum = sketch.add(net::Add{}, {c, a});
    CHECK(storages(sketch.add(net::Multiply{}, {sum, a})) == 4);
  }
  SECTION("not when the layout differs") {
    const int c = sketch.add(net::Conv{16, 1}, {b});
    const int sum = sketch.add(net::Add{}, {c, a});
    CHECK(storages(sketch.add(net::Conv{16, 3}, {sum})) == 5);
  }
}

}  // namespace atto::deploy
