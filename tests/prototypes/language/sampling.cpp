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
