#include "tests/export/tflite/google_subjects.hpp"

#include <algorithm>
#include <filesystem>

#include "design_specs/errors.hpp"
#include "export/targets/image_set.hpp"
#include "generator/space/feasible_space.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/network/costs.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/prototypes/network/random_network.hpp"

namespace atto::test {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = ATTO_SOURCE_DIR;
constexpr std::uint64_t kRandomNetworks = 40;

/// What random networks have inside alone, at the end.
net::Network with_softmax() {
  net::Network network{"softmax",
                       {3, 9, 7},
                       5,
                       {{"input", net::InputLayer{}, {}},
                        {"conv", net::Conv{6, 3}, {0}},
                        {"dense", net::Dense{}, {1}},
                        {"softmax", net::Softmax{}, {2}}},
                       {}};
  network.outputs = {{"probabilities", 3}};
  return network;
}

Subject random_subject(std::string name, net::Network network, int images) {
  Subject subject{std::move(name), std::move(network), {}, {}, images};
  subject.weights = random_weights(subject.network, 1);
  for (int n = 0; n < images; ++n) {
    const std::vector<float> image =
        random_image(subject.network.input, static_cast<std::uint64_t>(n) + 100);
    subject.images.insert(subject.images.end(), image.begin(), image.end());
  }
  return subject;
}

/// The prototype itself, or with random choices where it has holes.
net::Network network_of(const net::Prototype& prototype) {
  spec::Random random(1);
  const gen::FeasibleSpace space(prototype, prototype.written_input(), {}, 0);
  const auto candidate = space.sample(random);
  if (!candidate) throw InternalError(prototype.name() + ": has no design");
  return *net::realise(prototype, candidate->assignment).network;
}

}  // namespace

void visit_subjects(const Visit& visit) {
  const fs::path folder = kRoot / "tests/interop/winner";
  const net::Network winner = net::read_design(folder / "design.json");
  visit({"winner", winner, net::read_safetensors(folder / "weights.safetensors"),
         deploy::read_image_set(folder / "reference.safetensors", winner).inputs, 64});
  visit(random_subject("softmax", with_softmax(), 4));
  for (std::uint64_t seed = 0; seed < kRandomNetworks; ++seed)
    visit(random_subject("random " + std::to_string(seed), net::random_network(seed), 4));
}

void visit_prototypes(const Visit& visit) {
  constexpr std::int64_t kMany = 100'000'000;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kRoot / "prototypes"))
    if (entry.path().extension() == ".json" && entry.path().stem().extension() != ".schema")
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const net::Prototype prototype = net::read_prototype(file);
    if (prototype.is_detector()) continue;
    net::Network network = network_of(prototype);
    const int images = net::count_costs(network).macs > kMany ? 1 : 4;
    visit(random_subject(file.stem().string(), std::move(network), images));
  }
}

}  // namespace atto::test
