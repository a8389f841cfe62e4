// Our side of scripts/bench/peers.sh, and that of the engines that are linked in.
//   edge_peers write DIR    NAME[.bf16|.int8].atto, NAME[.int8].onnx, NAME.in (float32 image),
//                           networks.json
//   edge_peers serve DIR    answers lines: "peak", "bf16_peak", "int8_peak" -> GFLOP/s;
//                           "distance" -> ns from core to core and back;
//                           "engines" -> their names, ours first;
//                           "run ENGINE NAME" -> writes NAME.out, answers "ok" or why not;
//                           "time ENGINE NAME RUNS THREADS" -> ms a run
//                           "pair NAME RUNS" -> ms a run of two of ours at once, of one thread
//                           each: what two cores can do that share no work
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <thread>

#include "design_specs/files.hpp"
#include "export/lowering/lower.hpp"
#include "export/lowering/passes.hpp"
#include "export/measuring/core_distance.hpp"
#include "export/measuring/fma_peak.hpp"
#include "export/onnx/model_file.hpp"
#include "export/onnx/network_graph.hpp"
#include "export/onnx/quantised_graph.hpp"
#include "export/runtime/engine.hpp"
#include "prototypes/network/costs.hpp"
#include "scripts/bench/peers/engine.hpp"

using namespace atto;
namespace fs = std::filesystem;

namespace {

void write_file(const fs::path& file, const std::vector<float>& values) {
  spec::write_file_atomically(
      file, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

void write_int8(const fs::path& stem, const net::Network& network, const net::TensorFile& weights) {
  const deploy::FusedNetwork fused = deploy::fuse(network, weights, deploy::Attach::Clamps);
  const deploy::Quantisation int8 = bench::quantised(fused);
  deploy::write_model(stem.string() + ".atto", fused, {}, {deploy::Precision::I8, &int8});
  deploy::onnx::write_model(
      stem.string() + ".onnx",
      deploy::onnx::quantised_graph(fused, int8, deploy::onnx::describe(network, weights)));
}

void write(const fs::path& folder) {
  std::string list;
  for (const auto& [network, is_on_request] : bench::peer_networks()) {
    const net::TensorFile weights = bench::peer_weights(network);
    const std::string& name = network.name;
    const deploy::FusedNetwork fused = deploy::fuse(network, weights);
    deploy::write_model(folder / (name + ".atto"), fused, {});
    deploy::write_model(folder / (name + ".bf16.atto"), fused, {},
                        {deploy::Precision::Bf16, nullptr});
    deploy::onnx::write_model(folder / (name + ".onnx"),
                              deploy::onnx::network_graph(network, weights));
    write_file(folder / (name + ".in"), bench::peer_image(network));
    write_int8(folder / (name + ".int8"), network, weights);
    list +=
        fmt::format(R"({}{{"name": "{}", "shape": [{}, {}, {}], "macs": {}, "isOnRequest": {}}})",
                    list.empty() ? "" : ",\n", name, network.input.channels, network.input.height,
                    network.input.width, net::count_costs(network).macs, is_on_request);
  }
  spec::write_file_atomically(folder / "networks.json", "[\n" + list + "\n]\n");
}

class Ours final : public bench::PeerEngine {
 public:
  Ours(const fs::path& model, std::vector<float> image, int threads)
      : engine_(edge::Model::open(model), with(threads)), image_(std::move(image)) {}
  void run() override { engine_.run(image_); }
  std::vector<float> output() const override {
    const auto output = engine_.output();
    return {output.begin(), output.end()};
  }

 private:
  static edge::EngineOptions with(int threads) {
    edge::EngineOptions options;
    options.threads = threads;
    return options;
  }
  edge::Engine engine_;
  std::vector<float> image_;
};

/// A network as other engines get it: sums of residuals are nodes of their own.
deploy::FusedNetwork unjoined(const net::Network& network, const net::TensorFile& weights,
                              deploy::Attach attach) {
  return deploy::remove_dead(deploy::attach_activations(
      deploy::merge_channel_moves(
          deploy::remove_identities(deploy::fold_scales(deploy::translate(network, weights)))),
      attach));
}

const std::map<std::string, bench::MakePeer> kPeers = {
#ifdef ATTO_HAS_NCNN
    {"ncnn", bench::make_ncnn},
#endif
#ifdef ATTO_HAS_XNNPACK
    {"xnnpack", bench::make_xnnpack},
#endif
};

class Server {
 public:
  explicit Server(fs::path folder) : folder_(std::move(folder)) {}

  std::string answer(const std::string& line) {
    std::istringstream in(line);
    std::string command, engine, name;
    int runs = 1, threads = 1;
    in >> command;
    if (command != "pair") in >> engine;
    in >> name >> runs >> threads;
    if (command == "peak")
      return fmt::format("{}", measuring::measure_fma_peak(edge::chosen_level()));
    if (command == "distance") return fmt::format("{}", measuring::measure_core_distance());
    if (command == "bf16_peak")
      return fmt::format("{}", measuring::measure_bf16_peak(edge::chosen_level()));
    if (command == "int8_peak")
      return fmt::format("{}", measuring::measure_int8_peak(edge::chosen_level()));
    if (command == "engines") {
      std::string names = "ours";
      for (const auto& [peer, make] : kPeers) names += " " + peer;
      return names;
    }
    try {
      if (command == "pair") return time_pair(name, runs);
      bench::PeerEngine& loaded = load(engine, name, threads);
      if (command == "time") return fmt::format("{}", time(loaded, runs));
      loaded.run();
      write_file(folder_ / (name + ".out"), loaded.output());
      return "ok";
    } catch (const std::exception& error) {
      return error.what();
    }
  }

 private:
  /// Returns milliseconds a run.
  static double time(bench::PeerEngine& engine, int runs) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < runs; ++i) engine.run();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    return took.count() / runs;
  }

  std::string time_pair(const std::string& name, int runs) {
    const auto key = std::tuple(std::string("second of ours"), name, 1);
    if (loaded_.count(key) == 0) loaded_[key] = ours(name, 1);
    bench::PeerEngine& first = load("ours", name, 1);
    bench::PeerEngine& second = *loaded_.at(key);
    std::atomic<int> ready = 0;
    double first_ms = 0, second_ms = 0;
    const auto side = [&](bench::PeerEngine& engine, double& took) {
      for (++ready; ready < 2;) continue;
      took = time(engine, runs);
    };
    std::thread other(side, std::ref(second), std::ref(second_ms));
    side(first, first_ms);
    other.join();
    return fmt::format("{}", (first_ms + second_ms) / 2);
  }

  bench::PeerEngine& load(const std::string& engine, const std::string& name, int threads) {
    const auto key = std::tuple(engine, name, threads);
    if (const auto found = loaded_.find(key); found != loaded_.end()) return *found->second;
    return *(loaded_[key] = engine == "ours" ? ours(name, threads) : peer(engine, name, threads));
  }
  std::unique_ptr<bench::PeerEngine> ours(const std::string& name, int threads) const {
    const std::string bytes = spec::read_file(folder_ / (network_name(name) + ".in"));
    std::vector<float> image(bytes.size() / sizeof(float));
    bytes.copy(reinterpret_cast<char*>(image.data()), bytes.size());
    return std::make_unique<Ours>(folder_ / (name + ".atto"), std::move(image), threads);
  }
  std::unique_ptr<bench::PeerEngine> peer(const std::string& engine, const std::string& name,
                                          int threads) const {
    for (const auto& [network, is_on_request] : bench::peer_networks()) {
      if (network.name != network_name(name)) continue;
      const net::TensorFile weights = bench::peer_weights(network);
      const std::vector<float> image = bench::peer_image(network);
      if (name == network.name)
        return kPeers.at(engine)(unjoined(network, weights, deploy::Attach::All), nullptr, image,
                                 threads);
      if (name != network.name + ".int8")
        throw std::runtime_error(engine + " has no such precision");
      const deploy::FusedNetwork fused = unjoined(network, weights, deploy::Attach::Clamps);
      const deploy::Quantisation int8 = bench::quantised(fused);
      return kPeers.at(engine)(fused, &int8, image, threads);
    }
    throw std::invalid_argument("no network is called " + name);
  }
  static std::string network_name(const std::string& name) {
    return name.substr(0, name.find('.'));
  }

  fs::path folder_;
  std::map<std::tuple<std::string, std::string, int>, std::unique_ptr<bench::PeerEngine>> loaded_;
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
