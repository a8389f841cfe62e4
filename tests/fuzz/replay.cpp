// Replays a fuzz target without libFuzzer: every file below the folders given, and seeded mutations
// of each (bytes flipped, cut, doubled), so that the normal test run walks the same paths.
//   replay_TARGET MUTATIONS FOLDER...
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "design_specs/files.hpp"
#include "design_specs/seeds/random.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::string mutated(std::string bytes, atto::spec::Random& random) {
  for (std::uint64_t edits = 1 + random.below(4); edits > 0 && !bytes.empty(); --edits) {
    const std::size_t at = random.below(bytes.size());
    switch (random.below(5)) {
      case 0:
        bytes[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        bytes.resize(at);
        break;
      case 2:
        bytes.erase(at, 1 + random.below(16));
        break;
      case 3:
        bytes.insert(at, bytes.substr(random.below(bytes.size()), random.below(64)));
        break;
      default:
        bytes[at] = static_cast<char>("{}[]\",:-0919eE.#$"[random.below(17)]);
        break;
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int mutations = std::atoi(argv[1]);
  std::vector<std::filesystem::path> files;
  for (int i = 2; i < argc; ++i)
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i]))
      if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  atto::spec::Random random(1);
  for (const auto& file : files) {
    const std::string bytes = atto::spec::read_file(file);
    run(bytes);
    for (int i = 0; i < mutations; ++i) run(mutated(bytes, random));
  }
  std::printf("%zu files, %d mutations each\n", files.size(), mutations);
  return files.empty() ? 1 : 0;
}
