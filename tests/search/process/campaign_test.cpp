// Whole campaigns on the fake evaluator, through the binary.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "search/ledger/open_ledger.hpp"
#include "tests/rounds.hpp"
#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

std::string search(const std::string& folder, const std::string& more = "") {
  return "search " + tiny_spec() + " --evaluator fake --out " + folder + " " + more;
}

json board_after(const Scratch& scratch, const std::string& folder, const std::string& more,
                 const std::string& environment = "") {
  const Ended ended = run_atto(scratch, search(folder, more), environment);
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  return boards_of(scratch, scratch / folder);
}

}  // namespace

// Signature: a change of this number is a change of every campaign's outcome, and a commit says so.
TEST_CASE("A fixed-seed campaign on the fake evaluator gives one hash with 1, 2 and 3 workers") {
  const Scratch scratch;
  const json one = board_after(scratch, "w1", "--workers 1");
  CHECK(one.at(0).at("digest") == ATTO_SIGNATURE);
  CHECK(board_after(scratch, "w2", "--workers 2") == one);
  CHECK(board_after(scratch, "w3", "--workers 3") == one);
}

TEST_CASE("Every strategy gives the same campaign again, and another one for another seed") {
  const Scratch scratch;
  const int candidates = rounds(12, 6);
  for (const std::string strategy :
       {"random", "random_asha", "one_epoch_top_k", "aging_evolution", "local_search"}) {
    const std::string flags = fmt::format("--candidates {} --strategy {}", candidates, strategy);
    const json first = board_after(scratch, strategy, flags + " --workers 3");
    CHECK(board_after(scratch, strategy + "-again", flags + " --workers 1") == first);
    CHECK(board_after(scratch, strategy + "-other", flags + " --seed 8") != first);
    CHECK(first.at(0).at("leaderboard").size() == std::size_t(candidates));
  }
}

TEST_CASE("A run folder holds what the manual lists") {
  const Scratch scratch;
  const json board = board_after(scratch, "run", "--workers 2");
  for (const char* name :
       {"run/ledger.db", "run/spec.json", "run/prototype.json", "run/winner/design.json"})
    CHECK(std::filesystem::exists(scratch / name));
  for (const json& entry : board.at(0).at("leaderboard"))
    CHECK(std::filesystem::exists(
        scratch / ("run/designs/" + entry.at("hash").get<std::string>() + ".json")));
  CHECK(read_text(scratch / "run/spec.json") == read_text(tiny_spec()));
  // The only search checkpoints are those that a raise of the candidates may promote.
  int kept = 0;
  for (const json& entry : board.at(0).at("leaderboard")) {
    const std::string trial = "run/trials/" + entry.at("hash").get<std::string>();
    const bool is_kept = std::filesystem::exists(scratch / (trial + "/search"));
    kept += is_kept;
    if (!entry.at("rung_top1").at(2).is_null()) CHECK_FALSE(is_kept);
  }
  CHECK(kept > 0);
  CHECK(kept <= 16);
}

TEST_CASE("A dry run estimates and makes nothing") {
  const Scratch scratch;
  const Ended ended = run_atto(scratch, search("run", "--dry-run --json"));
  CHECK(ended.code == 0);
  CHECK(json::parse(ended.out).at("cpu_hours").get<double>() > 0);
  CHECK_FALSE(std::filesystem::exists(scratch / "run"));
}

TEST_CASE("A longer campaign goes on from a shorter one") {
  const Scratch scratch;
  const json before = board_after(scratch, "run", "--workers 2 --candidates 10");
  const Ended ended = run_atto(scratch, "resume run --candidates 20 --workers 2");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const json after = boards_of(scratch, scratch / "run");
  CHECK(after.at(0).at("leaderboard").size() == 20);
  for (const json& entry : before.at(0).at("leaderboard")) {
    bool is_there = false;
    for (const json& other : after.at(0).at("leaderboard"))
      is_there |= other.at("hash") == entry.at("hash");
    CHECK(is_there);
  }
  SECTION("and resuming once more changes nothing") {
    REQUIRE(run_atto(scratch, "resume run").code == 0);
    CHECK(boards_of(scratch, scratch / "run") == after);
  }
  SECTION("fewer candidates are refused") {
    const Ended fewer = run_atto(scratch, "resume run --candidates 5");
    CHECK(fewer.code == 2);
    CHECK(fewer.err == "--candidates: must be >= 20, what the campaign has; got 5\n");
  }
}

TEST_CASE("A warm start reuses every matching result at no cost") {
  const Scratch scratch;
  const json first = board_after(scratch, "first", "--workers 2 --candidates 12");
  CHECK(board_after(scratch, "second", "--workers 2 --candidates 12 --warm-start first") == first);
  const json status = json::parse(run_atto(scratch, "status second --json").out);
  // Search results; finalists are reused only with their weights, which the fake evaluator does not
  // make.
  CHECK(status.at("jobs").at("reused").get<int>() == status.at("jobs").at("done").get<int>() - 4);
  const auto ledger = atto::search::open_ledger(scratch / "second");
  for (const atto::search::JobRow& row : ledger->jobs_in_state(atto::search::State::Done)) {
    if (row.verdict.reused_from.empty()) continue;
    CHECK(row.verdict.cpu_seconds == 0);
    CHECK(row.verdict.original_cpu_seconds > 0);
  }
  SECTION("another seed matches nothing and says why") {
    const Ended ended =
        run_atto(scratch, search("third", "--candidates 12 --seed 9 --warm-start first"));
    CHECK(ended.code == 0);
    CHECK(ended.err.find("first: its search results are not reused: here seed=9, there seed=7") !=
          std::string::npos);
    CHECK(json::parse(run_atto(scratch, "status third --json").out).at("jobs").at("reused") == 0);
  }
}

TEST_CASE("A person's design is judged under the same rungs and marked human") {
  const Scratch scratch;
  const json first = board_after(scratch, "first", "--candidates 12");
  const std::string hash = first.at(0).at("leaderboard").at(0).at("hash");
  const json board =
      board_after(scratch, "second", "--candidates 12 --include first/designs/" + hash + ".json");
  int humans = 0;
  for (const json& entry : board.at(0).at("leaderboard"))
    if (entry.at("origin") == "human") {
      ++humans;
      CHECK(entry.at("hash") == hash);
      CHECK(entry.at("rung_top1").at(2).is_number());
    }
  CHECK(humans == 1);
  CHECK(board.at(0).at("leaderboard").size() == 13);  // the machine proposes 12 others
}

TEST_CASE("A design with holes cannot be included") {
  const Scratch scratch;
  const Ended ended = run_atto(scratch, search("run", "--include " ATTO_SOURCE_DIR
                                                      "/tests/search/data/tiny_prototype.json"));
  CHECK(ended.code == 2);
  CHECK(ended.err.find("a design must have no holes") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(scratch / "run"));
}

TEST_CASE("A family is one campaign with a leaderboard for each tier") {
  const Scratch scratch;
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = ATTO_SOURCE_DIR "/tests/search/data/tiny_prototype.json";
  spec.erase("require");
  spec["tiers"] = {{{"name", "A"}, {"require", {{"params", {{"max", 30000}}}}}},
                   {{"name", "B"}, {"require", {{"params", {{"max", 15000}}}}}}};
  write_text(scratch / "family.json", spec.dump());
  const Ended ended =
      run_atto(scratch, "search family.json --evaluator fake --out run --candidates 8 --workers 2");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const json tiers = boards_of(scratch, scratch / "run");
  REQUIRE(tiers.size() == 2);
  CHECK(tiers.at(1).at("tier") == "B");
  for (const json& entry : tiers.at(1).at("leaderboard")) CHECK(entry.at("params") <= 15000);
  CHECK(std::filesystem::exists(scratch / "run/winner-A/design.json"));
  CHECK(std::filesystem::exists(scratch / "run/winner-B/design.json"));
}

TEST_CASE("Without a design that meets the accuracy floor there is no winner") {
  const Scratch scratch;
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = ATTO_SOURCE_DIR "/tests/search/data/tiny_prototype.json";
  spec["require"]["top1"] = {{"min", 0.95}};
  write_text(scratch / "hard.json", spec.dump());
  const Ended ended =
      run_atto(scratch, "search hard.json --evaluator fake --out run --candidates 6");
  CHECK(ended.code == 1);
  CHECK(ended.out.find("no winner: the best design") != std::string::npos);
  CHECK(ended.out.find("< min 0.95") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(scratch / "run/winner"));
}

TEST_CASE("A budget in CPU-seconds stops the proposals") {
  const Scratch scratch;
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = ATTO_SOURCE_DIR "/tests/search/data/tiny_prototype.json";
  spec["search"]["budget"] = {{"cpu_seconds", 1e-9}};
  write_text(scratch / "short.json", spec.dump());
  const Ended ended = run_atto(scratch, "search short.json --evaluator fake --out run");
  CHECK(ended.err.find("search.budget is spent") != std::string::npos);
  CHECK(boards_of(scratch, scratch / "run").at(0).at("leaderboard").size() <= 4);
}

TEST_CASE("A report is one file that escapes what it shows, and a CSV with a row a design") {
  const Scratch scratch;
  board_after(scratch, "\"a'<b>&\"", "--candidates 8");
  const Ended ended = run_atto(scratch, "report \"a'<b>&\" --out out.html");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const std::string html = read_text(scratch / "out.html"), csv = read_text(scratch / "out.csv");
  CHECK(html.find("a&#39;&lt;b&gt;&amp;") != std::string::npos);
  CHECK(html.find("a'<b>&") == std::string::npos);
  CHECK(html.find("http") == std::string::npos);
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 9);
}
