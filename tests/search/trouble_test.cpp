// What goes wrong around a campaign ends in one clear message.
#include <catch2/catch.hpp>

#include "tests/search/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

json tiny_json() {
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = ATTO_SOURCE_DIR "/tests/search/data/tiny_prototype.json";
  return spec;
}

}  // namespace

TEST_CASE("An unsatisfiable spec is refused at its requirement before anything is made") {
  const Scratch scratch;
  json spec = tiny_json();
  spec["require"]["params"]["max"] = 300;
  write_text(scratch / "small.json", spec.dump());
  const Ended ended = run_atto(scratch, "search small.json --evaluator fake --out run");
  CHECK(ended.code == 2);
  CHECK(ended.err.find("small.json:1:") == 0);
  CHECK(ended.err.find("/require/params/max: ") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(scratch / "run"));
}

TEST_CASE("An unknown strategy is refused with the known ones") {
  const Scratch scratch;
  const Ended ended =
      run_atto(scratch, "search " + tiny_spec() + " --evaluator fake --strategy best --out run");
  CHECK(ended.code == 2);
  CHECK(ended.err.find("/search/strategy: must be one of random, random_asha, one_epoch_top_k, "
                       "aging_evolution") != std::string::npos);
}

TEST_CASE("A run folder is not used twice, and a folder without a campaign is not resumed") {
  const Scratch scratch;
  const std::string search = "search " + tiny_spec() + " --evaluator fake --candidates 3 --out run";
  REQUIRE(run_atto(scratch, search).code == 0);
  const Ended again = run_atto(scratch, search);
  CHECK(again.code == 4);
  CHECK(again.err.find(
            "the run folder holds a campaign already: run; continue it with `atto resume run`") !=
        std::string::npos);
  const Ended none = run_atto(scratch, "resume nowhere");
  CHECK(none.code == 4);
  CHECK(none.err.find("cannot open the ledger: No such file or directory: nowhere/ledger.db") !=
        std::string::npos);
}

TEST_CASE("A second coordinator of one campaign is refused") {
  const Scratch scratch;
  // The shell holds the lock as a running coordinator does.
  REQUIRE(run_atto(scratch, "search " + tiny_spec() + " --evaluator fake --candidates 3 --out run")
              .code == 0);
  const Ended ended = run_atto(scratch, "resume run", "exec 9>run/coordinator.lock && flock 9 &&");
  CHECK(ended.code == 4);
  CHECK(ended.err.find("another process runs this campaign: run") != std::string::npos);
}

TEST_CASE("A full disk ends the campaign with a message, and it goes on when there is room") {
  const Scratch scratch;
  const std::string search =
      "search " + tiny_spec() + " --evaluator fake --candidates 10 --workers 1 --out run";
  // No file may grow over 160 KiB: the ledger soon wants to.
  const Ended ended = run_atto(scratch, search, "ulimit -f 160; trap '' XFSZ;");
  INFO(ended.err);
  CHECK(ended.code == 4);
  CHECK(ended.err.find("atto: ledger: ") != std::string::npos);
  const Ended more = run_atto(scratch, "resume run --workers 1");
  INFO(more.err);
  CHECK(more.code == 0);
}

TEST_CASE("Workers that cannot work stop the campaign with their own words") {
  const Scratch scratch;
  REQUIRE(run_atto(scratch, "search " + tiny_spec() + " --evaluator fake --candidates 3 --out run")
              .code == 0);
  // A folder where a trial's folder should be cannot be made: its parent is a file.
  std::filesystem::remove_all(scratch / "run/trials");
  write_text(scratch / "run/trials", "in the way");
  const Ended ended = run_atto(scratch, "resume run --candidates 6 --workers 1");
  CHECK(ended.code == 4);
  CHECK(ended.err.find("workers cannot work: atto: cannot make") != std::string::npos);
}
