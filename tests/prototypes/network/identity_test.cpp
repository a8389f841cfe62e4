#include "prototypes/network/identity.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "prototypes/network/dot.hpp"
#include "tests/prototypes/network/random_network.hpp"

using namespace atto::net;

namespace {

Network sample() {
  return {"sample",
          {3, 8, 8},
          5,
          {{"input", InputLayer{}, {}},
           {"conv", Conv{8, 3, 2, 1, 1, false}, {0}},
           {"pool", Pool{}, {1}},
           {"slice", Slice{0, 4}, {2}},
           {"dense", Dense{}, {3}}},
          {{"head", 4}}};
}

}  // namespace

TEST_CASE("The hash ignores names") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Network network = random_network(seed);
    Network renamed = network;
    renamed.name = "other";
    for (Layer& layer : renamed.layers) layer.name += "x";
    for (Output& output : renamed.outputs) output.name += "x";
    CHECK(structure_hash(network) == structure_hash(renamed));
  }
}

TEST_CASE("The hash sees every part of the structure") {
  const Network network = sample();
  std::set<std::uint64_t> hashes = {structure_hash(network)};
  int variants = 1;
  const auto differs = [&](auto change) {
    Network changed = network;
    change(changed);
    hashes.insert(structure_hash(changed));
    ++variants;
  };
  const auto conv = [](Network& n) -> Conv& { return std::get<Conv>(n.layers[1].op); };
  const auto pool = [](Network& n) -> Pool& { return std::get<Pool>(n.layers[2].op); };
  const auto slice = [](Network& n) -> Slice& { return std::get<Slice>(n.layers[3].op); };
  differs([](Network& n) { n.input.channels = 4; });
  differs([](Network& n) { n.input.height = 9; });
  differs([](Network& n) { n.input.width = 9; });
  differs([](Network& n) { n.classes = 6; });
  differs([&](Network& n) { conv(n).out_channels = 16; });
  differs([&](Network& n) { conv(n).kernel = 5; });
  differs([&](Network& n) { conv(n).stride = 1; });
  differs([&](Network& n) { conv(n).groups = 2; });
  differs([&](Network& n) { conv(n).dilation = 2; });
  differs([&](Network& n) { conv(n).bias = true; });
  differs([&](Network& n) { pool(n).kind = Pool::Kind::Average; });
  differs([&](Network& n) { pool(n).kernel = 3; });
  differs([&](Network& n) { pool(n).stride = 1; });
  differs([&](Network& n) { conv(n).kernel = {3, 5}; });
  differs([&](Network& n) { conv(n).kernel = {5, 3}; });
  differs([&](Network& n) { conv(n).stride = {2, 1}; });
  differs([&](Network& n) { conv(n).stride = {1, 2}; });
  differs([&](Network& n) { conv(n).padding = Padding::Valid; });
  differs([&](Network& n) { pool(n).kernel = {2, 3}; });
  differs([&](Network& n) { pool(n).stride = {2, 3}; });
  differs([&](Network& n) { pool(n).padding = Padding::Valid; });
  differs([&](Network& n) { slice(n).begin = 1; });
  differs([&](Network& n) { slice(n).end = 5; });
  differs([](Network& n) { n.layers[1].op = BatchNorm{}; });
  differs([](Network& n) { n.layers[1].op = LayerNorm{}; });
  differs([](Network& n) { n.layers[1].op = LayerScale{}; });
  differs([](Network& n) { n.layers[1].op = LayerScale{1e-5}; });
  differs([](Network& n) { n.layers[1].op = Dropout{}; });
  differs([](Network& n) { n.layers[1].op = Dropout{0.25}; });
  differs([](Network& n) { n.layers[1].op = Deconv{8}; });
  differs([](Network& n) { n.layers[1].op = Deconv{8, 4}; });
  differs([](Network& n) { n.layers[1].op = Upsample{}; });
  differs([](Network& n) { n.layers[1].op = Zero{}; });
  differs([](Network& n) { n.layers[1].op = Zero{{1, 2}}; });
  differs([](Network& n) { n.layers[1].op = Upsample{2, Upsample::Mode::Bilinear}; });
  differs([](Network& n) { n.layers[3].inputs = {1}; });
  differs([](Network& n) { n.layers[3].inputs = {1, 2}; });
  differs([](Network& n) { n.outputs[0].layer = 3; });
  differs([](Network& n) { n.outputs.push_back({"more", 3}); });
  differs([](Network& n) { n.layers.push_back({"softmax", Softmax{}, {4}}); });
  CHECK(static_cast<int>(hashes.size()) == variants);
}

TEST_CASE("Padding that a kernel of one pixel never meets tells no networks apart") {
  Network same = sample();
  std::get<Conv>(same.layers[1].op).kernel = 1;
  Network valid = same;
  std::get<Conv>(valid.layers[1].op).padding = Padding::Valid;
  CHECK(structure_hash(valid) == structure_hash(same));
}

TEST_CASE("A dense layer of as many features as classes is the same network") {
  Network written = sample();
  std::get<Dense>(written.layers[4].op).out_features = 5;
  CHECK(structure_hash(written) == structure_hash(sample()));
}

TEST_CASE("Hashes are stored: they stay what they are") {
  CHECK(hash_text(structure_hash(sample())) == "815284c894f3c183");
  CHECK(hash_text(0x2a) == "000000000000002a");
}

TEST_CASE("Different random networks have different hashes") {
  std::set<std::uint64_t> hashes;
  for (std::uint64_t seed = 0; seed < 2000; ++seed)
    hashes.insert(structure_hash(random_network(seed, 6)));
  CHECK(hashes.size() > 1990);
}

TEST_CASE("The picture names every layer, its operation and its shape") {
  Network network = sample();
  network.layers[3].name = "a \"quoted\" \\ name";
  CHECK(dot_text(network) ==
        R"(digraph "sample" {
  node [shape=box, fontname="monospace"];
  n0 [label="input\ninput\n3x8x8"];
  n1 [label="conv\nconv 3x3 /2\n8x4x4"];
  n2 [label="pool\npool max 2x2 /2\n8x2x2"];
  n3 [label="a \"quoted\" \\ name\nslice 0:4\n4x2x2"];
  n4 [label="dense\ndense\n5x1x1", peripheries=2];
  n0 -> n1;
  n1 -> n2;
  n2 -> n3;
  n3 -> n4;
}
)");
  CHECK(op_text(Conv{8, 5, 2, 4, 2, true}) == "conv 5x5 /2 g4 d2 bias");
  CHECK(op_text(Activate{Activation::HardSwish}) == "hard_swish");
  CHECK(op_text(Shuffle{3}) == "shuffle g3");
  CHECK(op_text(Upsample{2}) == "upsample x2");
  CHECK(op_text(Zero{}) == "zero");
  CHECK(op_text(Zero{{1, 2}}) == "zero /1x2");
  CHECK(op_text(Upsample{2, Upsample::Mode::Bilinear}) == "upsample x2 bilinear");
  CHECK(op_text(Deconv{8, 2, true}) == "deconv 2x2 bias");
  CHECK(op_text(Dropout{0.25}) == "dropout 0.25");
  CHECK(op_text(LayerNorm{}) == "layer_norm");
  CHECK(op_text(Pool{Pool::Kind::Average, 3, 1}) == "pool average 3x3 /1");
}
