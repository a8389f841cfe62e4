#include "tests/export/pytorch/designs.hpp"

#include <algorithm>
#include <filesystem>

#include "prototypes/language/prototype.hpp"
#include "tests/prototypes/language/features.hpp"

namespace atto::test {

net::Network drawn_design(std::string_view prototype, std::uint64_t seed, int side) {
  const net::Prototype read =
      prototype.empty() ? net::Prototype(spec::parse_json(every_feature(), "every_feature"))
                        : net::read_prototype(std::string(ATTO_SOURCE_DIR) + "/prototypes/" +
                                              std::string(prototype) + ".json");
  net::TaskInput input = read.written_input();
  if (side != 0) input.input.height = input.input.width = side;
  spec::Random random(seed);
  for (;;) {
    net::Assignment assignment(read.decisions().size(), net::kInactive);
    net::draw(read.decisions(), assignment, random);
    if (auto made = net::realise(read, assignment, input).network) return std::move(*made);
  }
}

std::vector<std::string> shipped_names() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(ATTO_SOURCE_DIR) + "/prototypes"))
    if (entry.path().extension() == ".json" && entry.path().stem() != "prototype.schema" &&
        !net::read_prototype(entry.path()).is_detector())
      names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace atto::test
