// `atto init`: what it writes is valid, feasible, and says how to go on.
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

std::string synthetic(int side, int channels) {
  return "synthetic:classes=7,size=" + std::to_string(side) +
         ",channels=" + std::to_string(channels) + ",train=300,test=60";
}

}  // namespace

TEST_CASE("A first prototype and spec are valid and feasible at any size of image") {
  const Scratch scratch;
  for (const int side : {8, 28, 33, 64, 97, 224}) {
    INFO(side);
    const std::string name = "at" + std::to_string(side);
    REQUIRE(
        run_atto(scratch, "init " + name + " --data " + synthetic(side, side % 2 ? 1 : 3)).code ==
        0);
    CHECK(run_atto(scratch, "check " + name + "/spec.json " + name + "/prototype.json").code == 0);
    const json spec = json::parse(read_text(scratch / (name + "/spec.json")));
    const json prototype = json::parse(read_text(scratch / (name + "/prototype.json")));
    CHECK(spec.at("name") == name);
    CHECK(prototype.at("input").at("height") == side);
    CHECK(prototype.at("classes") == 7);
    CHECK(run_atto(scratch, "generate " + name + "/spec.json -n 3").code == 0);
  }
}

TEST_CASE("A first campaign runs as it was written") {
  const Scratch scratch;
  REQUIRE(run_atto(scratch, "init first --data " + synthetic(16, 3) + " --resolution 24").code ==
          0);
  const json spec = json::parse(read_text(scratch / "first/spec.json"));
  CHECK(spec.at("task").at("resolution") == 24);
  CHECK(
      run_atto(scratch, "search first/spec.json --evaluator fake --candidates 4 --out run").code ==
      0);
  CHECK(read_text(scratch / "first/README.md").find("atto search spec.json") != std::string::npos);
}

TEST_CASE("Nothing is written over, and a wrong name or data set leaves no folder") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "full");
  write_text(scratch / "full/mine.txt", "mine");
  CHECK(run_atto(scratch, "init full --data " + synthetic(16, 3)).code == 2);
  CHECK(std::filesystem::exists(scratch / "full/mine.txt"));
  CHECK(run_atto(scratch, "init full/mine.txt --data " + synthetic(16, 3)).code == 2);
  const Ended spaced = run_atto(scratch, "init 'a b' --data " + synthetic(16, 3));
  CHECK(spaced.code == 2);
  CHECK(spaced.err.find("letters, digits") != std::string::npos);
  CHECK(run_atto(scratch, "init other --data nowhere").code == 4);
  CHECK_FALSE(std::filesystem::exists(scratch / "other"));
  std::filesystem::create_directory(scratch / "empty");
  CHECK(run_atto(scratch, "init empty/ --data " + synthetic(16, 3)).code == 0);
}
