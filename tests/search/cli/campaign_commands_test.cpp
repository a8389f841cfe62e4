// atto search --dry-run, status, report and resume on the fake evaluator: exit codes and keys.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

std::string search(const std::string& more) {
  return "search " + tiny_spec() + " --evaluator fake " + more;
}

}  // namespace

TEST_CASE("A dry run says what a campaign would cost, for people and machines, and makes nothing") {
  const Scratch scratch;
  const Ended text = run_atto(scratch, search("--dry-run --workers 2 --out run"));
  CHECK(text.code == 0);
  CHECK(text.out.find("tiny: 24 designs by random_asha, rungs at 1, 3, 5 epochs") == 0);
  CHECK(text.out.find("CPU-hours (search ") != std::string::npos);
  CHECK(text.out.find(" with 2 workers; ") != std::string::npos);
  CHECK(text.out.find(" of disk\n") != std::string::npos);
  const Ended machine = run_atto(scratch, search("--dry-run --json --out run"));
  const json estimate = json::parse(machine.out);
  CHECK(estimate.at("cpu_hours").get<double>() ==
        Approx(estimate.at("search_cpu_hours").get<double>() +
               estimate.at("final_cpu_hours").get<double>() +
               estimate.at("coordinator_cpu_hours").get<double>() +
               estimate.at("measuring_hours").get<double>() +
               estimate.at("export_hours").get<double>()));
  CHECK(estimate.at("wall_hours").get<double>() > 0);
  CHECK(estimate.at("jobs") > 24);
  CHECK(estimate.at("disk_bytes") > 0);
  CHECK_FALSE(std::filesystem::exists(scratch / "run"));
}

TEST_CASE("An estimate counts that a search judges at its rungs alone") {
  const Scratch scratch;
  const auto hours = [&](int rung) {
    json spec = json::parse(read_text(tiny_spec()));
    spec["prototype"] = kSource + "/tests/search/data/tiny_prototype.json";
    spec["search"]["strategy"] = "random";
    spec["search"]["rungs"] = {rung};
    write_text(scratch / "spec.json", spec.dump());
    const Ended run = run_atto(scratch, "search spec.json --dry-run --json --evaluator fake");
    REQUIRE(run.code == 0);
    return json::parse(run.out).at("search_cpu_hours").get<double>();
  };
  const double epoch = (hours(5) - hours(1)) / 4;  // of 540 images
  CHECK((hours(1) - epoch) / epoch == Approx(60.0 / 3 / 540).epsilon(0.01));
}

TEST_CASE("Workers beyond the window wait, and the estimate and a word on the window say so") {
  const Scratch scratch;
  const auto hours = [&](int workers) {
    const Ended run = run_atto(
        scratch, search("--dry-run --json --candidates 2000 --workers " + std::to_string(workers)));
    return json::parse(run.out).at("wall_hours").get<double>();
  };
  CHECK(hours(2) < hours(1));
  CHECK(hours(64) == Approx(hours(4)).epsilon(0.05));  // search.window of the spec
  const Ended many = run_atto(scratch, search("--dry-run --workers 6 --out run"));
  CHECK(many.code == 0);
  CHECK(many.err.find(
            "/search/window: only 4 of 6 workers search at once; 6 would keep all busy\n") !=
        std::string::npos);
  CHECK(
      run_atto(scratch, search("--dry-run --workers 9 --out run"))
          .err.find("only 4 of 9 workers search at once; of 24 candidates, more than 8 at once") !=
      std::string::npos);
  CHECK(run_atto(scratch, search("--dry-run --workers 4 --out run")).err.find("/search/window") ==
        std::string::npos);
}

TEST_CASE("A dry run counts proposing, measuring and export") {
  const Scratch scratch;
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = ATTO_SOURCE_DIR "/tests/search/data/tiny_prototype.json";
  const auto hours = [&](const std::string& more) {
    write_text(scratch / "spec.json", spec.dump());
    return json::parse(run_atto(scratch, "search spec.json --dry-run --json " + more).out);
  };
  const json plain = hours("--evaluator fake");
  CHECK(plain.at("measuring_hours") == 0);
  CHECK(plain.at("export_hours") == 0);
  const json learnt = hours("--evaluator fake --strategy generative_synthesis");
  CHECK(learnt.at("coordinator_cpu_hours") > plain.at("coordinator_cpu_hours"));
  spec["require"]["latency_ms"] = {{"max", 100}};
  const json measured = hours("--evaluator fake");
  CHECK(measured.at("measuring_hours").get<double>() * 3600 == Approx(0.8 * 25));
  CHECK(measured.at("wall_hours") > plain.at("wall_hours"));
}

TEST_CASE("Finalists with threads of their own change the estimate's time and their identity") {
  const Scratch scratch;
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = ATTO_SOURCE_DIR "/tests/search/data/tiny_prototype.json";
  spec["training"]["final_threads"] = 2;
  write_text(scratch / "two.json", spec.dump());
  REQUIRE(run_atto(scratch, "search two.json --evaluator fake --candidates 6 --out two").code == 0);
  const json two = json::parse(run_atto(scratch, "status two --json").out);
  const std::string environment = two.at("environments").at(0);
  CHECK(environment.find("threads=1\nfinal_threads=2\n") != std::string::npos);
  const Ended other = run_atto(scratch, search("--candidates 6 --out one --warm-start two"));
  CHECK(other.code == 0);
  CHECK(other.err.find("two: its final results are not reused: here recipe=") != std::string::npos);
  CHECK(other.err.find("its search results are not reused") == std::string::npos);
}

TEST_CASE("status and report show a finished campaign with every key") {
  const Scratch scratch;
  const Ended ended = run_atto(scratch, search("--candidates 6 --out run --json"));
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const json result = json::parse(ended.out);
  CHECK(result.at("folder") == "run");
  const json status = json::parse(run_atto(scratch, "status run --json").out);
  CHECK(status.at("state") == "finished");
  CHECK(status.at("jobs").at("done") == status.at("jobs").at("all"));
  CHECK(status.at("cpu_seconds").get<double>() >= 0);
  CHECK(status.at("probe_cpu_seconds").get<double>() >= 0);
  CHECK(status.at("score_cpu_seconds").get<double>() >= 0);
  CHECK(status.at("coordinator_cpu_seconds").get<double>() > 0);
  auto ranked = result.at("tiers");
  for (auto& tier : ranked)
    for (const char* of_this_run : {"exports", "models"}) tier.erase(of_this_run);
  CHECK(status.at("tiers") == ranked);
  const json& board = status.at("tiers").at(0).at("leaderboard");
  REQUIRE(board.size() == 6);
  for (std::size_t i = 0; i < board.size(); ++i) {
    CHECK(board[i].at("rank") == i + 1);
    for (const char* key : {"hash", "params", "macs", "peak_activation_bytes", "rung_top1",
                            "validation_top1", "test_top1", "pareto", "cpu_seconds", "misses"})
      CHECK(board[i].contains(key));
  }
  const Ended text = run_atto(scratch, "status run");
  CHECK(text.code == 0);
  CHECK(text.out.find("tiny: finished (atto ") == 0);
  CHECK(text.out.find("winner: " + board[0].at("hash").get<std::string>()) != std::string::npos);

  const Ended report = run_atto(scratch, "report run");
  CHECK(report.code == 0);
  CHECK(report.out == "run/report.html\nrun/report.csv\n");
  const std::string csv = read_text(scratch / "run/report.csv");
  CHECK(csv.find("run,tier,rank,hash,origin,params,macs,") == 0);
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 7);
  const std::string html = read_text(scratch / "run/report.html");
  for (const char* part :
       {"Leaderboard", "Pareto", "Learning curves", "What decisions did", "Failures",
        "Run it again", "Requirements", "The winner", "share of multiply-adds",
        "Decisions in which the front differs", "href='designs/", "Marks:"})
    CHECK(html.find(part) != std::string::npos);
  CHECK(html.find("http") == std::string::npos);
  CHECK(html.find("src=") == std::string::npos);
}

TEST_CASE("status and report of a folder without a campaign say so") {
  const Scratch scratch;
  for (const std::string command : {"status nowhere", "report nowhere", "resume nowhere"}) {
    const Ended ended = run_atto(scratch, command);
    CHECK(ended.code == 4);
    CHECK(ended.err.find("cannot open the ledger") != std::string::npos);
  }
}

TEST_CASE("A worker without work leaves when its patience ends") {
  const Scratch scratch;
  const Ended ended = run_atto(scratch, search("--candidates 3 --out run"));
  REQUIRE(ended.code == 0);
  CHECK(run_atto(scratch, "worker run --fake").code == 0);  // the campaign is finished
  const Ended refused = run_atto(scratch, "worker run --fake --patience -1");
  CHECK(refused.code == 2);
}
