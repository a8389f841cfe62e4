// With --json every command prints one JSON document on stdout, however it ends.
#include <catch2/catch.hpp>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

const std::string kSampleModel =
    std::string(ATTO_SOURCE_DIR) + "/tests/data/fuzz/model/sample.atto";

/// What the run printed, as JSON; the text on stderr stays for people.
json document_of(const Ended& ended) {
  INFO(ended.out);
  INFO(ended.err);
  const json document = json::parse(ended.out, nullptr, false);
  REQUIRE_FALSE(document.is_discarded());
  return document;
}

}  // namespace

TEST_CASE("Every command's failure is an object under --json, with the exit code and the text") {
  const Scratch scratch;
  write_text(scratch / "bad.json", "{ \"name\": \"x\",\n  \"prototype\": 3 }");
  write_text(scratch / "bent.atto", read_text(kSampleModel).substr(0, 40));
  struct Case {
    const char* arguments;
    int code;
    const char* kind;
  };
  const Case cases[] = {{"inspect nowhere.json", 4, "environment"},
                        {"inspect bad.json", 2, "input"},
                        {"inspect bent.atto", 3, "model"},
                        {"generate bad.json", 2, "input"},
                        {"reopen nowhere.json --list", 4, "environment"},
                        {"reopen bad.json --free '*'", 2, "input"},
                        {"search bad.json", 2, "input"},
                        {"search bad.json --dry-run", 2, "input"},
                        {"resume nowhere", 4, "environment"},
                        {"status nowhere", 4, "environment"},
                        {"steer nowhere", 4, "environment"},
                        {"explain nowhere", 4, "environment"},
                        {"report nowhere", 4, "environment"},
                        {"run nowhere.atto a.png", 4, "environment"},
                        {"run bent.atto a.png", 3, "model"},
                        {"bench bent.atto", 3, "model"},
                        {"calibrate bad.json", 2, "input"},
                        {"tabulate bad.json", 2, "input"},
                        {"tabulate nowhere.json", 4, "environment"},
                        {"export nowhere --to atto", 4, "environment"},
                        {"search", 2, "input"},
                        {"serach", 2, "input"},
                        {"help serach", 2, "input"},
                        {"status a b", 2, "input"},
                        {"bench --frobnicate", 2, "input"},
                        {"generate x -n 0", 2, "input"}};
  for (const Case& one : cases) {
    INFO(one.arguments);
    const Ended ended = run_atto(scratch, std::string(one.arguments) + " --json");
    CHECK(ended.code == one.code);
    const json error = document_of(ended).at("error");
    CHECK(error.at("exit") == one.code);
    CHECK(error.at("kind") == one.kind);
    CHECK(ended.err.find(error.at("message").get<std::string>()) != std::string::npos);
    CHECK(error.at("problems").empty() == (one.code != 2));
    CHECK(run_atto(scratch, one.arguments).code == one.code);
  }
}

TEST_CASE("A problem in a file has its place in numbers") {
  const Scratch scratch;
  write_text(scratch / "bad.json", "{ \"name\": \"x\",\n  \"prototype\": 3 }");
  const Ended ended = run_atto(scratch, "search bad.json --json");
  const json error = document_of(ended).at("error");
  CHECK(error.at("problems").at(0) == json{{"file", "bad.json"},
                                           {"line", 2},
                                           {"column", 16},
                                           {"path", "/prototype"},
                                           {"rule", "must be a text in double quotes"},
                                           {"got", "3"}});
  const json unknown = document_of(run_atto(scratch, "search --candidate 3 --json")).at("error");
  CHECK(unknown.at("problems").at(0).at("path") == "--candidate");
  CHECK(unknown.at("problems").at(0).at("line").is_null());
}

TEST_CASE("check --json has an entry a file, and an error in those that are bad") {
  const Scratch scratch;
  write_text(scratch / "bad.json", "{ \"prototype\": 3 }");
  const Ended ended = run_atto(scratch, "check bad.json nowhere.json " + tiny_spec() + " --json");
  CHECK(ended.code == 4);
  const json files = document_of(ended);
  REQUIRE(files.size() == 3);
  CHECK(files.at(0).at("file") == "bad.json");
  CHECK(files.at(0).at("error").at("exit") == 2);
  CHECK(files.at(1).at("error").at("kind") == "environment");
  CHECK(files.at(2).at("kind") == "spec");
  CHECK_FALSE(files.at(2).contains("error"));
}

TEST_CASE("Every command's success is a document under --json") {
  const Scratch scratch;
  const std::string search = "search " + tiny_spec() + " --evaluator fake --candidates 3 ";
  CHECK(document_of(run_atto(scratch, search + "--dry-run --json")).contains("cpu_hours"));
  CHECK(document_of(run_atto(scratch, search + "--out run --json")).contains("tiers"));
  CHECK(document_of(run_atto(scratch, "resume run --json")).contains("tiers"));
  const json status = document_of(run_atto(scratch, "status run --json"));
  CHECK(document_of(run_atto(scratch, "steer run --json")).contains("requests"));
  CHECK(document_of(run_atto(scratch, "data --json")).is_array());
  CHECK(document_of(run_atto(scratch, "bench --rounds 1 --json " + kSampleModel))
            .contains("median_ms"));
  CHECK(document_of(run_atto(scratch, "check --json " + tiny_spec())).is_array());

  const json report = document_of(run_atto(scratch, "report run --json"));
  CHECK(report.at("html") == "run/report.html");
  CHECK(std::filesystem::exists(scratch / "run/report.csv"));
  CHECK(report.at("campaigns").at(0).at("tiers") == status.at("tiers"));

  const json decisions =
      document_of(run_atto(scratch, "reopen run/winner/design.json --list --json"));
  REQUIRE_FALSE(decisions.empty());
  CHECK(decisions.at(0).at("by") == "machine");
  CHECK(decisions.at(0).contains("path"));
  CHECK_FALSE(decisions.at(0).at("value").is_discarded());
  const Ended reopened =
      run_atto(scratch, "reopen run/winner/design.json --free '*' --out mine.json --json");
  CHECK(document_of(reopened) == json{{"written", "mine.json"}});

  // An expected miss.
  const Ended explained = run_atto(scratch, "explain run --json");
  CHECK(explained.code == 1);
  CHECK(document_of(explained).at("error").at("kind") == "miss");
}

TEST_CASE("Numbers out of an option's range are refused, not bent into it") {
  const Scratch scratch;
  for (const char* seed : {"-1", "18446744073709551616", "1.5", "x", "1e3"}) {
    for (const char* command : {"generate ", "search "}) {
      const Ended ended = run_atto(scratch, command + tiny_spec() + " --seed " + seed);
      INFO(command << " " << seed);
      CHECK(ended.code == 2);
      CHECK(ended.err.find(std::string("--seed: must be a whole number from 0 to "
                                       "18446744073709551615; got ") +
                           seed) != std::string::npos);
    }
  }
  CHECK(run_atto(scratch, "generate " + tiny_spec() + " -n 1 --seed 18446744073709551615").code ==
        0);
  CHECK(run_atto(scratch, "search " + tiny_spec() + " --candidates 99999999999").code == 2);
}

TEST_CASE("steer --tier is refused where it has no meaning") {
  const Scratch scratch;
  const std::string search = "search " + tiny_spec() + " --evaluator fake --candidates 3 --out run";
  REQUIRE(run_atto(scratch, search).code == 0);
  const Ended ended = run_atto(scratch, "steer run --tier x");
  CHECK(ended.code == 2);
  CHECK(ended.err == "--tier: the campaign has no tiers; got x\n");
}

TEST_CASE("A campaign that is stopped says how to go on, in text and JSON") {
  const Scratch scratch;
  const Ended ended = run_atto(
      scratch, "search " + tiny_spec() + " --evaluator fake --candidates 8 --out run --json",
      "ATTO_FAKE_EPOCH_SECONDS=0.6 timeout -s INT --preserve-status 4");
  CHECK(ended.code == 130);
  const json error = document_of(ended).at("error");
  CHECK(error.at("exit") == 130);
  CHECK(error.at("kind") == "interrupted");
  CHECK(error.at("message") == "stopped; continue with: atto resume run");
}

TEST_CASE(
    "Streams that are closed or full end no campaign, and results that are lost are a failure") {
  const Scratch scratch;
  const auto shell = [&](const std::string& arguments, const std::string& streams) {
    return run_atto(scratch, arguments + " " + streams + " #").code;
  };
  const std::string search = "search " + tiny_spec() + " --evaluator fake --candidates 3 --out ";
  CHECK(shell(search + "closed", ">&- 2>&- <&-") == 0);
  CHECK(shell(search + "full", ">/dev/null 2>/dev/full") == 0);
  CHECK(shell("serach", "2>/dev/full") == 2);
  CHECK(shell("status closed", ">/dev/full 2>err") == 4);
  CHECK(read_text(scratch / "err") ==
        "atto: cannot write: No space left on device: standard output\n");
  CHECK(shell("check nowhere.json --json", ">/dev/full 2>/dev/full") == 4);
}

TEST_CASE("A flag is held to the same range as the spec's own number") {
  const Scratch scratch;
  const std::string search = "search " + tiny_spec() + " --evaluator fake --out run --candidates ";
  const Ended many = run_atto(scratch, search + "1000001");
  CHECK(many.code == 2);
  CHECK(many.err.find("/search/candidates: must be <= 1000000; got 1000001\n") !=
        std::string::npos);
  CHECK_FALSE(std::filesystem::exists(scratch / "run"));
  REQUIRE(run_atto(scratch, search + "3").code == 0);
  const Ended more = run_atto(scratch, "resume run --candidates 1000001");
  CHECK(more.code == 2);
  CHECK(more.err == "--candidates: must be <= 1000000; got 1000001\n");
}

TEST_CASE("An option without its value does not take the next one for it") {
  const Scratch scratch;
  const Ended ended = run_atto(scratch, "search " + tiny_spec() + " --out= --dry-run --json");
  CHECK(ended.code == 2);
  CHECK(ended.err == "atto search: --out=: must have a value\nHelp: atto search --help\n");
  CHECK(document_of(ended).at("error").at("problems").at(0).at("path") == "--out=");
  CHECK_FALSE(std::filesystem::exists(scratch / "--dry-run"));
}

TEST_CASE("A signal is heard where nobody reads what is said or printed") {
  const Scratch scratch;
  // A pipe that is full, and open at both ends.
  const std::string full = "mkfifo full; exec 9<>full; head -c 65536 /dev/zero >&9; ",
                    stopped = full + "timeout -s TERM -k 30 --preserve-status 2",
                    search = "search " + tiny_spec() + " --evaluator fake --out ";
  CHECK(run_atto(scratch, search + "said --candidates 64 2>&9 >out #",
                 full + "ATTO_FAKE_EPOCH_SECONDS=0.6 timeout -s TERM -k 30 --preserve-status 2")
            .code == 130);
  std::filesystem::remove(scratch / "full");
  CHECK(run_atto(scratch, search + "printed --candidates 3 >&9 2>err #", stopped).code == 130);
  std::filesystem::remove(scratch / "full");
  CHECK(run_atto(scratch, search + "json --candidates 3 --json >&9 2>&9 #", stopped).code == 130);
  // What nobody read is no loss for the campaign.
  CHECK(run_atto(scratch, "resume json").code == 0);
  std::filesystem::remove(scratch / "full");
  CHECK(run_atto(scratch, search + "unread --candidates 3 2>&9 >out #", full).code == 0);
}

TEST_CASE("A level that is not here is refused before anything is made or trained") {
  const Scratch scratch;
  const std::string search = "search " + tiny_spec() + " --evaluator fake --candidates 3 --out run";
  for (const std::string level : {"bogus", "AVX2", "avx2,scalar"}) {
    const Ended ended = run_atto(scratch, search + " --json", "ATTO_ISA=" + level);
    INFO(level << ": " << ended.err);
    CHECK(ended.code == 2);
    CHECK(document_of(ended).at("error").at("problems").at(0).at("path") == "ATTO_ISA");
    CHECK_FALSE(std::filesystem::exists(scratch / "run"));
  }
  CHECK(run_atto(scratch, search, "ATTO_ISA=").code == 0);
  const json jobs = document_of(run_atto(scratch, "status run --json")).at("jobs");
  const Ended ended = run_atto(scratch, "resume run --candidates 4", "ATTO_ISA=bogus");
  CHECK(ended.code == 2);
  CHECK(ended.err == "ATTO_ISA: this CPU and build have no level \"bogus\"\n");
  CHECK(run_atto(scratch, "resume run").code == 0);
  CHECK(document_of(run_atto(scratch, "status run --json")).at("jobs") == jobs);
}
