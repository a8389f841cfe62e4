// Every malformed spec in tests/data/bad/spec against its full expected text. ATTO_ACCEPT=1
// rewrites the texts; read the difference before committing it.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "design_specs/files.hpp"
#include "design_specs/requirements/design_spec.hpp"

namespace fs = std::filesystem;
using namespace atto;

namespace {

const fs::path kFolder = fs::path(ATTO_SOURCE_DIR) / "tests/data/bad/spec";

std::string message_of(std::string_view text, const std::string& name) {
  try {
    (void)spec::read_design_spec(spec::parse_json(text, name), name);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "accepted";
}

std::vector<fs::path> bad_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kFolder))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST_CASE("Every malformed spec is refused with exactly the expected text") {
  const std::vector<fs::path> files = bad_files();
  REQUIRE(files.size() >= 60);
  const bool accept = std::getenv("ATTO_ACCEPT") != nullptr;
  for (const fs::path& file : files) {
    INFO(file.filename());
    const std::string message = message_of(spec::read_file(file), file.filename().string()) + "\n";
    CHECK(message != "accepted\n");
    fs::path golden = file;
    golden.replace_extension(".txt");
    if (accept) spec::write_file_atomically(golden, message);
    CHECK(message == spec::read_file(golden));
  }
}

TEST_CASE("Files too large or too deep are refused before they are parsed") {
  SECTION("one byte over a mebibyte") {
    const std::string text(spec::kMaxFileBytes + 1, ' ');
    CHECK(message_of(text, "big.json") ==
          "big.json: a file must be at most 1048576 bytes; got 1048577 bytes");
  }
  SECTION("ten megabytes on disk are not even read") {
    const fs::path file = fs::temp_directory_path() / "atto_ten_megabytes.json";
    spec::write_file_atomically(file, "[");
    fs::resize_file(file, 10'000'000);
    CHECK_THROWS_WITH(spec::read_json(file),
                      file.string() + ": a file must be at most 1048576 bytes; got 10000000 bytes");
    fs::remove(file);
  }
  SECTION("half a million brackets") {
    CHECK(message_of(std::string(500'000, '['), "deep.json") ==
          "deep.json:1:65: nesting must be at most 64 levels deep");
    std::string objects;
    for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
    CHECK(message_of(objects, "deep.json") ==
          "deep.json:1:321: nesting must be at most 64 levels deep");
  }
  SECTION("brackets inside strings do not nest") {
    const std::string text = "{\"name\": \"" + std::string(100, '[') + "\"}";
    CHECK(message_of(text, "x.json").find("nesting") == std::string::npos);
  }
}

TEST_CASE("Of many problems fifty are shown and the rest is counted") {
  std::vector<Problem> problems(50, Problem{"a.json:1:1", "/x", "must be > 0", "-1"});
  CHECK(std::string(SpecError(problems).what()).find("more") == std::string::npos);
  problems.push_back(problems[0]);
  CHECK(std::string(SpecError(problems).what()).ends_with("\nand 1 more problem"));
  problems.resize(62, problems[0]);
  const SpecError error(problems);
  CHECK(std::string(error.what()).ends_with("\nand 12 more problems"));
  CHECK(error.problems().size() == 62);
}
