// Every malformed spec in tests/data/bad/spec against its full expected text. ATTO_ACCEPT=1
// rewrites the texts; read the difference before committing it.

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "design_specs/files.hpp"
#include "design_specs/requirements/design_spec.hpp"
#include "tests/golden.hpp"

namespace fs = std::filesystem;
using namespace atto;

namespace {

std::string message_of(std::string_view text, const std::string& name) {
  try {
    (void)spec::read_design_spec(spec::parse_json(text, name), name);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("Every malformed spec is refused with exactly the expected text") {
  test::check_golden_folder("bad/spec", 60, message_of);
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
