// What goes wrong around a campaign ends in one clear message.
#include <catch2/catch.hpp>
#include <functional>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

json tiny_json() {
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = ATTO_SOURCE_DIR "/tests/search/data/tiny_prototype.json";
  return spec;
}

/// A finished campaign in the folder `run`.
void finish_campaign(const Scratch& scratch) {
  REQUIRE(run_atto(scratch, "search " + tiny_spec() +
                                " --evaluator fake --candidates 3 --workers 1 --out run")
              .code == 0);
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
  // No file may grow over 112 KiB: the ledger, which begins with some 104, soon wants to.
  const Ended ended = run_atto(scratch, search, "ulimit -f 224; trap '' XFSZ;");
  INFO(ended.err);
  CHECK(ended.code == 4);
  CHECK(ended.err.find("atto: ledger: ") != std::string::npos);
  const Ended more = run_atto(scratch, "resume run --workers 1");
  INFO(more.err);
  CHECK(more.code == 0);
}

TEST_CASE("Wherever the disk fills there is a message, and the campaign ends as if it had not") {
  const Scratch scratch;
  const std::string search =
      "search " + tiny_spec() + " --evaluator fake --candidates 3 --workers 1 --out ";
  REQUIRE(run_atto(scratch, search + "calm").code == 0);
  const json calm = boards_of(scratch, scratch / "calm");
  int failures = 0;
  // In blocks of 512 bytes: from a file too large for the copy of the spec to one for the ledger.
  for (const int blocks : {1, 4, 32, 104, 136, 184, 192}) {
    const Ended ended = run_atto(scratch, search + "run",
                                 "ulimit -f " + std::to_string(blocks) + "; trap '' XFSZ;");
    INFO(blocks << " blocks: " << ended.err);
    CHECK((ended.code == 4 || ended.code == 0));
    if (ended.code == 4) {
      ++failures;
      CHECK(ended.err.find("atto: ") != std::string::npos);
      CHECK(ended.err.find("run/") != std::string::npos);
    }
    const bool has_begun = std::filesystem::exists(scratch / "run/ledger.db");
    const Ended more =
        run_atto(scratch, has_begun ? std::string("resume run --workers 1") : search + "run");
    INFO(more.err);
    CHECK(more.code == 0);
    CHECK(boards_of(scratch, scratch / "run") == calm);
    std::filesystem::remove_all(scratch / "run");
  }
  CHECK(failures >= 4);
}

TEST_CASE("A winner that is half in its place when its process is killed is put there whole") {
  const Scratch scratch;
  namespace fs = std::filesystem;
  finish_campaign(scratch);
  const fs::path run = scratch / "run", winner = run / "winner";
  const std::string design = read_text(winner / "design.json");
  const auto half_made = [&] {
    fs::create_directory(run / ".winner.new");
    write_text(run / ".winner.new/design.json", design.substr(0, 40));
  };
  const auto half_gone = [&] { fs::rename(winner, run / ".winner.old"); };
  const std::vector<std::function<void()>> states = {
      half_made,  // killed while it copied
      half_gone,  // between two names, where they cannot be exchanged
      [&] { half_gone(), fs::copy(run / ".winner.old", run / ".winner.new"); },
      [&] { fs::copy(winner, run / ".winner.old"); },  // all but tidied up
      [&] { fs::copy(winner, run / ".winner.new"); },  // exchanged, the old one still there
      [&] { fs::remove_all(winner); },
  };
  for (std::size_t i = 0; i < states.size(); ++i) {
    INFO("state " << i);
    states[i]();
    CHECK(run_atto(scratch, "resume run --workers 1").code == 0);
    CHECK(read_text(winner / "design.json") == design);
    CHECK_FALSE(fs::exists(run / ".winner.new"));
    CHECK_FALSE(fs::exists(run / ".winner.old"));
  }
}

TEST_CASE("A disk that fills while a winner is copied leaves the winner of before") {
  const Scratch scratch;
  namespace fs = std::filesystem;
  finish_campaign(scratch);
  const std::string design = read_text(scratch / "run/winner/design.json");
  int written = 0;
  for (const auto& place : fs::recursive_directory_iterator(scratch / "run/trials"))
    if (place.path().filename().string().starts_with("final"))
      write_text(place.path() / "reference.safetensors", std::string(300000, ' ')), ++written;
  REQUIRE(written > 0);
  const Ended ended = run_atto(scratch, "resume run --workers 1", "ulimit -f 400; trap '' XFSZ;");
  CHECK(ended.code == 4);
  CHECK(ended.err.find("cannot write: ") != std::string::npos);
  CHECK(ended.err.find("reference.safetensors") != std::string::npos);
  CHECK(read_text(scratch / "run/winner/design.json") == design);
  CHECK_FALSE(fs::exists(scratch / "run/winner/reference.safetensors"));
  CHECK(run_atto(scratch, "resume run --workers 1").code == 0);
  CHECK(read_text(scratch / "run/winner/reference.safetensors").size() == 300000);
  CHECK_FALSE(fs::exists(scratch / "run/.winner.new"));
}

TEST_CASE("A ledger that was never finished says what to do") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "run");
  write_text(scratch / "run/ledger.db", "");
  for (const std::string command : {"status", "resume", "report"}) {
    const Ended ended = run_atto(scratch, command + " run");
    CHECK(ended.code == 4);
    CHECK(ended.err.find("atto: the ledger has no tables: ") == 0);
    CHECK(ended.err.find("remove the file and start the search again: run/ledger.db") !=
          std::string::npos);
  }
}

TEST_CASE("A ledger with damaged pages is refused with its name, and never written to") {
  const Scratch scratch;
  REQUIRE(run_atto(scratch, "search " + tiny_spec() + " --evaluator fake --candidates 3 --out run")
              .code == 0);
  const auto file = scratch / "run/ledger.db";
  const std::string whole = read_text(file);
  constexpr std::size_t kPage = 4096;
  std::size_t refused = 0, pages = 0;
  for (std::size_t at = 0; at + kPage <= whole.size(); at += kPage, ++pages) {
    std::string bytes = whole;
    bytes.replace(at, kPage, kPage, '\xa5');
    write_text(file, bytes);
    for (const std::string command : {"status", "report", "resume"}) {
      const Ended ended = run_atto(scratch, command + " run");
      INFO("page " << pages << ", " << command << ": " << ended.err);
      CHECK((ended.code == 0 || ended.code == 4));
      if (ended.code == 4) CHECK(ended.err.find("run/ledger.db") != std::string::npos);
      if (command == "resume" && ended.code == 4) {
        ++refused;
        CHECK(ended.err.find("atto: the ledger is damaged (") == 0);
        CHECK(read_text(file) == bytes);
      }
    }
  }
  CHECK(2 * refused > pages);  // the others are free or hold no structure
  write_text(file, whole);
  CHECK(run_atto(scratch, "resume run").code == 0);
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
  CHECK(ended.err.find("; when that is mended, continue with: atto resume run\n") !=
        std::string::npos);
}
