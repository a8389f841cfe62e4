#include "tests/golden.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <vector>

#include "design_specs/files.hpp"

namespace atto::test {

namespace fs = std::filesystem;

void check_golden_folder(
    const std::string& folder, std::size_t least,
    const std::function<std::string(std::string_view text, const std::string& name)>& message_of) {
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator(fs::path(ATTO_SOURCE_DIR) / "tests/data" / folder))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  REQUIRE(files.size() >= least);
  const bool accept = std::getenv("ATTO_ACCEPT") != nullptr;
  for (const fs::path& file : files) {
    INFO(file.filename());
    const std::string message = message_of(spec::read_file(file), file.filename().string()) + "\n";
    CHECK(message != "accepted\n");
    fs::path golden = file;
    golden.replace_extension(".txt");
    if (accept) spec::write_file_atomically(golden, message);
    REQUIRE(fs::exists(golden));
    CHECK(message == spec::read_file(golden));
  }
}

}  // namespace atto::test
