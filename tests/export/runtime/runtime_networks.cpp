#include "tests/export/runtime/runtime_networks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "design_specs/errors.hpp"
#include "export/format/model_file.hpp"
#include "export/lowering/passes.hpp"
#include "generator/space/feasible_space.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/network/identity.hpp"

namespace atto::test {
namespace {

const std::filesystem::path kRoot = ATTO_SOURCE_DIR;

}  // namespace

std::vector<NamedNetwork> shipped_networks(int side) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(kRoot / "prototypes"))
    if (entry.path().extension() == ".json" && entry.path().stem().extension() != ".schema")
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<NamedNetwork> networks;
  for (const auto& file : files) {
    const net::Prototype prototype = net::read_prototype(file);
    if (prototype.is_detector()) continue;
    net::TaskInput input = prototype.written_input();
    input.input.height = std::min(input.input.height, side);
    input.input.width = std::min(input.input.width, side);
    spec::Random random(1);
    const auto candidate = gen::FeasibleSpace(prototype, input, {}, 0).sample(random);
    if (!candidate) throw InternalError(file.string() + ": has no design");
    networks.push_back(
        {file.stem().string(), *net::realise(prototype, candidate->assignment, input).network});
  }
  return networks;
}

std::vector<NamedNetwork> generated_networks(const std::string& name, std::size_t count) {
  const spec::DesignSpec spec = spec::read_design_spec(kRoot / "design_specs" / (name + ".json"));
  const net::Prototype prototype = net::read_prototype(spec.prototype);
  const net::TaskInput input = prototype.written_input();
  const gen::FeasibleSpace space(prototype, input, spec.require, spec.search.band);
  std::vector<NamedNetwork> networks;
  for (const gen::Candidate& design : gen::generate(space, count, 11, 1))
    networks.push_back({fmt::format("{} {}", name, net::hash_text(design.hash)),
                        *net::realise(prototype, design.assignment, input).network});
  return networks;
}

Sketch::Sketch(net::Shape input)
    : network{"sketch", input, 3, {{"input", net::InputLayer{}, {}}}, {}} {}

int Sketch::add(net::Op op, std::vector<int> inputs) {
  const auto index = static_cast<int>(network.layers.size());
  network.layers.push_back({"l" + std::to_string(index), op, std::move(inputs)});
  return index;
}

net::Network Sketch::ending(int layer) {
  network.outputs = {{"out", layer}};
  return network;
}

net::Network moved_channels() {
  Sketch sketch({3, 6, 7});
  std::vector<int> parts;
  for (int i = 0; i < 5; ++i) parts.push_back(sketch.add(net::Conv{7, 1, 1, 1, 1, true}, {0}));
  const int joined = sketch.add(net::Concat{}, parts);
  const int mixed = sketch.add(net::Shuffle{5}, {joined});
  const int whole = sketch.add(net::Conv{16, 3, 1, 1, 1, true}, {0});
  const int all = sketch.add(net::Concat{}, {whole, mixed});
  const int upper = sketch.add(net::Slice{20, 51}, {all});
  const int depthwise = sketch.add(net::Conv{31, 3, 1, 31, 1, true}, {upper});
  const int sum = sketch.add(net::Add{}, {depthwise, upper});
  const int again = sketch.add(net::Concat{}, {sum, all});
  const int last = sketch.add(net::Conv{5, 3, 1, 1, 1, true}, {again});
  sketch.network.outputs = {{"moved", all}, {"part", upper}, {"out", last}};
  return sketch.network;
}

LoadedModel load(const net::Network& network, const net::TensorFile& weights) {
  return load(deploy::fuse(network, weights), {});
}

LoadedModel load(const deploy::FusedNetwork& network, const deploy::LoweringOptions& options) {
  const auto file = format::encode(deploy::lower(network, {}, options));
  const std::size_t room = (file.size() + 63) / 64 * 64;
  std::shared_ptr<std::byte> bytes(static_cast<std::byte*>(std::aligned_alloc(64, room)),
                                   std::free);
  std::memcpy(bytes.get(), file.data(), file.size());
  edge::Model model = edge::Model::view({bytes.get(), file.size()});
  return {std::move(bytes), file.size(), std::move(model)};
}

edge::EngineOptions backwards(edge::Level level, int threads) {
  edge::EngineOptions options;
  options.threads = threads;
  options.level = level;
  options.parallel_for = [](int parts, const std::function<void(int)>& body) {
    for (int part = parts - 1; part >= 0; --part) body(part);
  };
  return options;
}

}  // namespace atto::test
