// Measuring designs with the edge engine; what is asserted is that it runs, not how fast.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>

#include "design_specs/errors.hpp"
#include "search/latency/engine/engine_latency_meter.hpp"
#include "search/latency/engine/random_weights.hpp"
#include "search/latency/fake_latency_meter.hpp"
#include "tests/export/onnx/detectors.hpp"
#include "tests/export/runtime/runtime_networks.hpp"
#include "tests/search/process/process.hpp"

using namespace atto;

namespace {

/// A small network with every kind of layer that lowering tells apart by its weights.
net::Network small_network() {
  test::Sketch sketch({3, 12, 12});
  int at = sketch.add(net::Conv{16, 3, 2}, {0});
  at = sketch.add(net::BatchNorm{}, {at});
  at = sketch.add(net::Activate{net::Activation::Relu}, {at});
  at = sketch.add(net::Conv{16, 3, 1, 16}, {at});
  at = sketch.add(net::BatchNorm{}, {at});
  at = sketch.add(net::Conv{24, 1}, {at});
  at = sketch.add(net::BatchNorm{}, {at});
  at = sketch.add(net::GlobalAveragePool{}, {at});
  return sketch.ending(sketch.add(net::Dense{3}, {at}));
}

net::Realised design_of(net::Network network) {
  return {std::move(network), {}, ""};
}
net::Realised design_of(net::DetectorParts detector) {
  return {{}, std::move(detector), ""};
}

using Repeated = std::vector<std::pair<std::string, double>>;

/// What blocks a design has, and how often each runs.
Repeated blocks_of(const net::Realised& design, int threads) {
  search::EngineLatencyMeter meter;
  Repeated found;
  for (const search::Block& block :
       meter.blocks({design, "00000000000000aa", {threads, spec::LatencyPrecision::Fp32}, {}}))
    found.emplace_back(block.key, block.runs);
  return found;
}

void check_plausible(const search::Latency& latency) {
  CHECK(latency.low_ms > 0);
  CHECK(latency.low_ms <= latency.median_ms);
  CHECK(latency.median_ms <= latency.high_ms);
  CHECK(latency.runs > 0);
}

}  // namespace

TEST_CASE("A design is measured with random weights and with trained ones, in fp32 and int8") {
  const test::Scratch scratch;
  const net::Network network = small_network();
  const net::Realised design = design_of(network);
  std::filesystem::create_directories(scratch / "winner");
  net::write_safetensors(scratch / "winner/weights.safetensors",
                         search::random_weights(network, 9));
  search::EngineLatencyMeter meter;
  for (const auto precision :
       {spec::LatencyPrecision::Fp32, spec::LatencyPrecision::Bf16, spec::LatencyPrecision::Int8}) {
    INFO(spec::precision_name(precision));
    check_plausible(meter.measure({design, "00000000000000aa", {1, precision}, {}}));
  }
  check_plausible(meter.measure(
      {design, "00000000000000aa", {1, spec::LatencyPrecision::Int8}, scratch / "winner"}));
  CHECK_FALSE(meter.host().empty());
  // Version, hash of the compiled engine, instruction set.
  CHECK_THAT(meter.runtime(), Catch::Matches("[0-9.]+ [0-9a-f]{8}, [a-z0-9_]+"));
}

TEST_CASE("A network that a precision cannot express is refused with the rule") {
  test::Sketch sketch({3, 4, 4});
  int at = sketch.add(net::GlobalAveragePool{}, {0});
  at = sketch.add(net::Dense{4}, {at});
  at = sketch.add(net::Softmax{}, {at});
  const net::Realised design = design_of(sketch.ending(sketch.add(net::Dense{3}, {at})));
  search::EngineLatencyMeter meter;
  check_plausible(
      meter.measure({design, "00000000000000aa", {1, spec::LatencyPrecision::Fp32}, {}}));
  CHECK_THROWS_AS(
      meter.measure({design, "00000000000000aa", {1, spec::LatencyPrecision::Int8}, {}}),
      SpecError);
}

TEST_CASE("A detector is measured with random weights and with trained ones, in fp32 and int8") {
  const test::Scratch scratch;
  net::DetectorParts parts = test::small_detector(test::DetectorKind::Masks);
  std::filesystem::create_directories(scratch / "winner");
  net::write_safetensors(scratch / "winner/weights.safetensors", test::random_weights(parts, 9));
  parts.settings.anchors.sizes.clear();  // fitted by the training, which is not yet
  const net::Realised design = design_of(parts);
  search::EngineLatencyMeter meter;
  for (const auto precision : {spec::LatencyPrecision::Fp32, spec::LatencyPrecision::Int8})
    for (const int threads : {1, 2}) {
      INFO(spec::precision_name(precision) << " " << threads);
      const search::Latency latency =
          meter.measure({design, "00000000000000aa", {threads, precision}, {}});
      check_plausible(latency);
      for (const search::TimedBlock& timed : latency.blocks) CHECK(timed.us >= 0);
    }
  check_plausible(meter.measure({design, "00000000000000aa", {}, scratch / "winner"}));
}

TEST_CASE("A detector's blocks are its networks', as often as levels and crops ask, and glue") {
  for (const auto kind : {test::DetectorKind::Masks, test::DetectorKind::Crops})
    for (const int threads : {1, 2}) {
      net::DetectorParts parts = test::small_detector(kind);
      parts.settings.proposals = 7;
      parts.settings.detections = 4;
      Repeated expected = blocks_of(design_of(parts.trunk), threads);
      const auto add = [&](const net::Network& network, int on, double runs) {
        for (const auto& [key, once] : blocks_of(design_of(network), on))
          expected.emplace_back((on < threads ? "alone " : "") + key, runs);
      };
      for (const net::Shape& level : net::level_shapes(parts)) {
        net::Network proposal = parts.proposal;
        proposal.input = level;
        add(proposal, threads, 1);
      }
      const double proposals = threads == 1 ? 7 : 4, masks = threads == 1 ? 4 : 2;
      add(parts.box, 1, proposals + (kind == test::DetectorKind::Crops ? masks : 0));
      add(*parts.mask, 1, masks);
      const net::Network& cropping = kind == test::DetectorKind::Crops ? parts.box : *parts.mask;
      std::int64_t levels = 0, cells = 0;
      for (const net::Shape& level : net::level_shapes(parts)) {
        levels += level.elements();
        cells += std::int64_t{level.height} * level.width;
      }
      expected.emplace_back(fmt::format("glue {} {} {} {}",
                                        proposals * double(parts.box.input.elements()) +
                                            masks * double(cropping.input.elements()),
                                        proposals + masks, levels, cells),
                            1);
      INFO(threads);
      CHECK(blocks_of(design_of(parts), threads) == expected);
    }
}

TEST_CASE("The made-up meter takes a detector's multiply-adds, of all runs of its parts") {
  const net::DetectorParts parts = test::small_detector(test::DetectorKind::Masks);
  const net::Realised design = design_of(parts);
  search::FakeLatencyMeter meter;
  double macs = 0, us = 0;
  const search::Latency latency = meter.measure({design, "00000000000000aa", {}, {}});
  for (const auto& [block, cost] : latency.blocks) {
    macs += block.runs * block.amounts.at("macs");
    us += block.runs * cost;
  }
  CHECK(macs == Approx(double(net::count_costs(parts).macs)));
  CHECK(us == Approx(1000 * latency.median_ms));
  CHECK(latency.median_ms >= 0.8e-6 * macs);
  CHECK(latency.median_ms <= 1.2e-6 * macs);
}

TEST_CASE("Random weights are the network's, the same for a seed, and keep signals alive") {
  const net::Network network = small_network();
  const net::TensorFile weights = search::random_weights(network, 3);
  CHECK_NOTHROW(net::check_weights(network, weights, "random"));
  const auto bytes_of = [&](std::uint64_t seed) {
    return search::random_weights(network, seed).tensors.at("l1.weight").bytes;
  };
  CHECK(bytes_of(3) == weights.tensors.at("l1.weight").bytes);
  CHECK(bytes_of(4) != bytes_of(3));
  const test::LoadedModel loaded = test::load(network, weights);
  edge::Engine engine(loaded.model);
  const std::vector<float> image(std::size_t{3} * 12 * 12, 0.5F);
  engine.run(image);
  for (const float value : engine.output()) {
    CHECK(std::isfinite(value));
    CHECK(std::fabs(value) > 1e-6F);
    CHECK(std::fabs(value) < 1e3F);
  }
}
