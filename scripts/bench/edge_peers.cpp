// Our side of scripts/bench/peers.sh.
//   edge_peers write DIR    NAME[.bf16|.int8].atto, NAME[.int8].onnx, NAME.in (float32 image),
//                           networks.json
//   edge_peers serve DIR    answers lines: "peak", "bf16_peak", "int8_peak" -> GFLOP/s;
//                           "distance" -> ns from core to core and back; "run NAME" -> writes
//                           NAME.out; "time NAME RUNS THREADS" -> ms a run
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>

#include "design_specs/files.hpp"
#include "export/lowering/lower.hpp"
#include "export/lowering/passes.hpp"
#include "export/onnx/model_file.hpp"
#include "export/onnx/network_graph.hpp"
#include "export/onnx/quantised_graph.hpp"
#include "export/quantisation/quantise.hpp"
#include "export/runtime/engine.hpp"
#include "generator/feasible_space.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/network/costs.hpp"
#include "search/cli/core_distance.hpp"
#include "search/cli/fma_peak.hpp"
#include "tests/export/random_weights.hpp"

using namespace atto;
namespace fs = std::filesystem;

namespace {

const fs::path kRoot = ATTO_SOURCE_DIR;

net::Network prototype(const std::string& name, net::TaskInput input) {
  net::Network network = net::read_design(kRoot / "prototypes" / (name + ".json"), input);
  network.name = name;
  return network;
}

/// Convolutions with batch norm and ReLU, one after the other.
struct Chain {
  net::Network network;
  Chain(const std::string& name, net::Shape input)
      : network{name, input, 10, {{"input", net::InputLayer{}, {}}}, {}} {}
  void add(const net::Op& op) {
    const auto index = static_cast<int>(network.layers.size());
    network.layers.push_back({"layer" + std::to_string(index), op, {index - 1}});
  }
  void conv(int channels, int kernel, int stride, int groups) {
    add(net::Conv{channels, kernel, stride, groups});
    add(net::BatchNorm{});
    add(net::Activate{net::Activation::Relu});
  }
  net::Network end() {
    add(net::GlobalAveragePool{});
    add(net::Dense{});
    network.outputs = {{"logits", static_cast<int>(network.layers.size()) - 1}};
    return network;
  }
};

net::Network cifar_net() {
  Chain chain("cifar_net", {3, 32, 32});
  chain.conv(32, 3, 1, 1);
  int from = 32;
  for (const int width : {32, 64, 128})
    for (int block = 0; block < 3; ++block) {
      chain.conv(from, 3, width != from ? 2 : 1, from);
      chain.conv(width, 1, 1, 1);
      from = width;
    }
  return chain.end();
}

net::Network group_net() {
  Chain chain("group_net", {3, 64, 64});
  chain.conv(64, 3, 1, 1);
  const int widths[] = {64, 64, 128, 128, 128};
  for (int block = 0; block < 5; ++block) {
    chain.conv(block < 3 ? 64 : 128, 3, block == 2 ? 2 : 1, 8);
    chain.conv(widths[block], 1, 1, 1);
  }
  return chain.end();
}

/// The first design of a requirements file with a fixed seed.
net::Network design(const std::string& name) {
  const spec::DesignSpec spec = spec::read_design_spec(kRoot / "design_specs" / (name + ".json"));
  const net::Prototype of = net::read_prototype(spec.prototype);
  const net::TaskInput input{of.written_input().input, 50};
  const gen::FeasibleSpace space(of, input, spec.require, spec.search.band);
  net::Network network =
      *net::realise(of, gen::generate(space, 1, 3, 1).at(0).assignment, input).network;
  network.name = name + "_design";
  return network;
}

void write_file(const fs::path& file, const std::vector<float>& values) {
  spec::write_file_atomically(
      file, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

/// NAME.int8.atto and NAME.int8.onnx, calibrated on a random image.
void write_int8(const fs::path& stem, const net::Network& network, const net::TensorFile& weights) {
  constexpr std::uint64_t kImages = 1;
  std::vector<float> images;
  for (std::uint64_t seed = 0; seed < kImages; ++seed) {
    const std::vector<float> image = test::random_image(network.input, 10 + seed);
    images.insert(images.end(), image.begin(), image.end());
  }
  const deploy::FusedNetwork fused = deploy::fuse(network, weights, deploy::Attach::Clamps);
  const deploy::Quantisation int8 =
      deploy::quantise(fused, images, {deploy::RangeMethod::MinMax, false});
  deploy::write_model(stem.string() + ".atto", fused, {}, {deploy::Precision::I8, &int8});
  deploy::onnx::write_model(
      stem.string() + ".onnx",
      deploy::onnx::quantised_graph(fused, int8, deploy::onnx::describe(network, weights)));
}

void write(const fs::path& folder) {
  const net::TaskInput large{{3, 224, 224}, 50};
  std::string list;
  for (const net::Network& network :
       {prototype("mobilenet_v1", large), prototype("mobilenet_v2", large), cifar_net(),
        group_net(), prototype("resnet50", large), design("attonet_b"), design("attonet_d")}) {
    const net::TensorFile weights = test::random_weights(network, 1);
    const std::string& name = network.name;
    const deploy::FusedNetwork fused = deploy::fuse(network, weights);
    deploy::write_model(folder / (name + ".atto"), fused, {});
    deploy::write_model(folder / (name + ".bf16.atto"), fused, {},
                        {deploy::Precision::Bf16, nullptr});
    deploy::onnx::write_model(folder / (name + ".onnx"),
                              deploy::onnx::network_graph(network, weights));
    write_file(folder / (name + ".in"), test::random_image(network.input, 2));
    write_int8(folder / (name + ".int8"), network, weights);
    list += fmt::format(R"({}{{"name": "{}", "shape": [{}, {}, {}], "macs": {}}})",
                        list.empty() ? "" : ",\n", name, network.input.channels,
                        network.input.height, network.input.width, net::count_costs(network).macs);
  }
  spec::write_file_atomically(folder / "networks.json", "[\n" + list + "\n]\n");
}

class Server {
 public:
  explicit Server(fs::path folder) : folder_(std::move(folder)) {}

  std::string answer(const std::string& line) {
    std::istringstream in(line);
    std::string command, name;
    int runs = 1, threads = 1;
    in >> command >> name >> runs >> threads;
    if (command == "peak") return fmt::format("{}", cli::measure_fma_peak(edge::chosen_level()));
    if (command == "distance") return fmt::format("{}", cli::measure_core_distance());
    if (command == "bf16_peak")
      return fmt::format("{}", cli::measure_bf16_peak(edge::chosen_level()));
    if (command == "int8_peak")
      return fmt::format("{}", cli::measure_int8_peak(edge::chosen_level()));
    Loaded& loaded = load(name, threads);
    if (command == "run") {
      loaded.engine.run(loaded.image);
      const auto output = loaded.engine.output();
      write_file(folder_ / (name + ".out"), {output.begin(), output.end()});
      return "ok";
    }
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < runs; ++i) loaded.engine.run(loaded.image);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    return fmt::format("{}", took.count() / runs);
  }

 private:
  struct Loaded {
    edge::Engine engine;
    std::vector<float> image;
  };
  Loaded& load(const std::string& name, int threads) {
    const auto key = std::pair(name, threads);
    if (const auto found = loaded_.find(key); found != loaded_.end()) return *found->second;
    edge::EngineOptions options;
    options.threads = threads;
    const std::string of = name.substr(0, name.find('.'));  // "net" of "net.int8"
    const std::string bytes = spec::read_file(folder_ / (of + ".in"));
    std::vector<float> image(bytes.size() / sizeof(float));
    bytes.copy(reinterpret_cast<char*>(image.data()), bytes.size());
    auto made = std::make_unique<Loaded>(
        Loaded{edge::Engine(edge::Model::open(folder_ / (name + ".atto")), options), image});
    return *(loaded_[key] = std::move(made));
  }

  fs::path folder_;
  std::map<std::pair<std::string, int>, std::unique_ptr<Loaded>> loaded_;
};

}  // namespace

int main(int argc, char** argv) try {
  const std::string mode = argc == 3 ? argv[1] : "";
  if (mode == "write") {
    write(argv[2]);
    return 0;
  }
  if (mode != "serve") throw std::invalid_argument("usage: edge_peers write|serve DIR");
  Server server(argv[2]);
  for (std::string line; std::getline(std::cin, line);)
    std::cout << server.answer(line) << std::endl;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
