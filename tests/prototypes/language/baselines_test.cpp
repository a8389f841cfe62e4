// The published networks, written in the language, have their known counts.

#include <catch2/catch.hpp>

#include "prototypes/language/prototype.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/shapes.hpp"

using namespace atto;

namespace {

net::Network shipped(const std::string& name, int classes) {
  const auto file = std::string(ATTO_SOURCE_DIR) + "/prototypes/" + name + ".json";
  return net::read_design(file, net::TaskInput{{3, 224, 224}, classes});
}

}  // namespace

TEST_CASE("The baselines have exactly the published counts at 224x224") {
  struct Row {
    const char* name;
    int classes;
    std::int64_t params, macs;
  };
  const Row row = GENERATE(Row{"mobilenet_v1", 50, 3'258'226, 567'767'552},
                           Row{"mobilenet_v2", 50, 2'287'922, 299'558'272},
                           Row{"shufflenet_v2", 50, 1'304'854, 143'935'192},
                           Row{"resnet50", 1000, 25'557'032, 4'089'184'256});
  CAPTURE(row.name);
  const net::Network network = shipped(row.name, row.classes);
  CHECK(net::malformed(network).empty());
  const net::Costs costs = net::count_costs(network);
  CHECK(costs.params == row.params);
  CHECK(costs.macs == row.macs);
}

TEST_CASE("Networks of others have exactly their published counts") {
  // torchvision's num_params, and its _ops in thousandths of 1e9 multiply-adds.
  const auto [name, params, ops] = GENERATE(
      table<const char*, std::int64_t, std::int64_t>({{"resnext50", 25'028'904, 4'230},
                                                      {"squeezenet", 1'235'496, 349},
                                                      {"densenet121", 7'978'856, 2'834},
                                                      {"mobilenet_v3_small", 2'542'856, 57}}));
  CAPTURE(name);
  const net::Network network = shipped(name, 1000);
  CHECK(net::malformed(network).empty());
  const net::Costs costs = net::count_costs(network);
  CHECK(costs.params == params);
  CHECK((costs.macs + 500'000) / 1'000'000 == ops);
}

TEST_CASE("ConvNeXt-tiny has exactly its published parameters") {
  // torchvision's convnext_tiny, which says 4.456G multiply-adds.
  const net::Network network = shipped("convnext_tiny", 1000);
  CHECK(net::malformed(network).empty());
  const net::Costs costs = net::count_costs(network);
  CHECK(costs.params == 28'589'128);
  CHECK(costs.macs == 4'455'531'264);
}

TEST_CASE("EfficientNet-Lite0 has its published parameters") {
  // 4.652M parameters and 0.385G multiply-adds in d-li14/efficientnet-lite.pytorch. Other
  // pages say 407M, by a count that we have not looked into.
  const net::Costs costs = net::count_costs(shipped("efficientnet_lite0", 1000));
  CHECK(costs.params == 4'652'008);
  CHECK(costs.macs == 385'187'552);
}

TEST_CASE("DenseNet-121 and GhostNet have their published parameters and multiply-adds") {
  // torchvision's metadata of DenseNet121_Weights: num_params 7978856, _ops 2.834. GhostNet 1.0x is
  // 5.2 M and 141 M in its paper; exactly, what its authors' table of blocks adds up to.
  const auto [name, params, macs] = GENERATE(table<const char*, std::int64_t, std::int64_t>(
      {{"densenet121", 7'978'856, 2'834'161'664}, {"ghostnet", 5'182'508, 141'150'512}}));
  CAPTURE(name);
  const net::Network network = shipped(name, 1000);
  CHECK(net::malformed(network).empty());
  CHECK(net::count_costs(network).params == params);
  CHECK(net::count_costs(network).macs == macs);
}

TEST_CASE("The ends of NAS-Bench-201's space have its published counts") {
  // Its API gives 0.073306 and 1.531546 million parameters, and 7.78305 and 220.11969 million
  // operations, which count the ten biases of the last layer too.
  const net::Prototype prototype =
      net::read_prototype(ATTO_SOURCE_DIR "/prototypes/nas_bench_201.json");
  REQUIRE(prototype.decisions().size() == 6);
  struct Row {
    net::Assignment cell;  // of zero, skip, 1x1, 3x3, pool
    std::int64_t params, macs;
  };
  const Row row = GENERATE(
      Row{{3, 3, 3, 3, 3, 3}, 1'531'546, 220'119'680}, Row{{1, 1, 1, 1, 1, 1}, 73'306, 7'783'040},
      Row{{0, 0, 0, 0, 0, 0}, 73'306, 7'783'040}, Row{{4, 0, 1, 4, 0, 1}, 73'306, 7'783'040},
      Row{{4, 2, 1, 2, 1, 1}, 129'306, 15'647'360});
  const net::Realised made = net::realise(prototype, row.cell);
  REQUIRE(made.broken.empty());
  CHECK(net::malformed(*made.network).empty());
  const net::Costs costs = net::count_costs(*made.network);
  CHECK(costs.params == row.params);
  CHECK(costs.macs == row.macs);
}

TEST_CASE("DS-CNN for a spectrogram of 49 x 10 has its published parameters") {
  // Keras counts 23,756 that are trained in MLPerf Tiny's reference (mlcommons/tiny,
  // benchmark/training/keyword_spotting/keras_model.py; its summary has 24,908 with running
  // statistics). Its nine convolutions of 64 channels have biases too, which batch norm makes idle.
  const net::Network network =
      net::read_design(std::string(ATTO_SOURCE_DIR) + "/prototypes/ds_cnn.json");
  CHECK(net::malformed(network).empty());
  const net::Costs costs = net::count_costs(network);
  CHECK(costs.params + 9 * 64 == 23'756);
  // 5.4 million operations in the paper, two for every multiply-add and some for the rest.
  CHECK(costs.macs == 2'656'768);
}

TEST_CASE("The small-image variants keep the parameters of their originals") {
  const auto [small, original] =
      GENERATE(table<const char*, const char*>({{"mobilenet_v1_32", "mobilenet_v1"},
                                                {"mobilenet_v1_64", "mobilenet_v1"},
                                                {"mobilenet_v2_32", "mobilenet_v2"},
                                                {"mobilenet_v2_64", "mobilenet_v2"},
                                                {"shufflenet_v2_32", "shufflenet_v2"},
                                                {"shufflenet_v2_64", "shufflenet_v2"},
                                                {"resnet50_64", "resnet50"}}));
  CAPTURE(small);
  CHECK(net::count_costs(shipped(small, 50)).params ==
        net::count_costs(shipped(original, 50)).params);
}
