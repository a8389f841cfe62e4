#include "tests/prototypes/language/sampling.hpp"

#include <algorithm>
#include <filesystem>

namespace atto::test {

net::Assignment random_assignment(const net::Prototype& prototype, spec::Random& random) {
  return taken(prototype, [&](const net::Decision& decision) {
    return static_cast<std::int32_t>(
        random.below(static_cast<std::uint64_t>(decision.alternatives)));
  });
}

net::Prototype prototype_of(std::string_view text) {
  return net::Prototype(spec::parse_json(text, "p.json"));
}

std::vector<const net::Network*> networks_of(const net::Realised& realised) {
  if (realised.network) return {&*realised.network};
  const net::DetectorParts& detector = realised.detector.value();
  std::vector<const net::Network*> parts = {&detector.trunk, &detector.proposal, &detector.box};
  if (detector.mask) parts.push_back(&*detector.mask);
  return parts;
}

std::vector<net::Prototype> shipped() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(ATTO_SOURCE_DIR "/prototypes"))
    if (entry.path().extension() == ".json" && entry.path().stem().extension() != ".schema")
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<net::Prototype> prototypes;
  for (const auto& file : files) prototypes.push_back(net::read_prototype(file));
  return prototypes;
}

}  // namespace atto::test
