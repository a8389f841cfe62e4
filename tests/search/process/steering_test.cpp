// People who steer a campaign, and what they read of it: atto steer, atto explain, through the
// binary on the fake evaluator.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

std::string search(const std::string& folder, const std::string& more) {
  return "search " + tiny_spec() + " --evaluator fake --out " + folder + " " + more;
}

constexpr const char* kSynthesis = "--strategy generative_synthesis --candidates 16";

json parsed(const Scratch& scratch, const std::string& arguments) {
  const Ended ended = run_atto(scratch, arguments);
  INFO(arguments << "\n" << ended.err);
  REQUIRE(ended.code == 0);
  return json::parse(ended.out);
}

/// The recorded decisions of a design whose paths end so.
std::vector<json> decisions_of(const Scratch& scratch, const std::string& folder,
                               const std::string& hash, const std::string& ending) {
  std::vector<json> found;
  const json design = json::parse(read_text(scratch / (folder + "/designs/" + hash + ".json")));
  for (const json& decision : design.at("decisions"))
    if (decision.at("path").get<std::string>().ends_with(ending)) found.push_back(decision);
  return found;
}

}  // namespace

// Signature: a change of this number is a change of what generative synthesis does, and a commit
// says so.
TEST_CASE("Generative synthesis gives one hash and one theta, whatever the workers and kills") {
  const Scratch scratch;
  REQUIRE(run_atto(scratch, search("calm", std::string(kSynthesis) + " --workers 1")).code == 0);
  const json calm = boards_of(scratch, scratch / "calm");
  const json why = parsed(scratch, "explain calm --json");
  CHECK(calm.at(0).at("digest") == ATTO_SYNTHESIS_SIGNATURE);
  CHECK(why.at("cycles").get<int>() >= 3);
  SECTION("with three workers") {
    REQUIRE(run_atto(scratch, search("three", std::string(kSynthesis) + " --workers 3")).code == 0);
    CHECK(boards_of(scratch, scratch / "three") == calm);
    CHECK(parsed(scratch, "explain three --json") == why);
  }
  SECTION("killed between and inside cycles") {
    Ended ended = run_atto(scratch, search("run", std::string(kSynthesis) + " --workers 2"),
                           "ATTO_FAULT=before_cycle:1");
    for (const std::string fault :
         {"after_cycle:1", "after_propose:2", "before_cycle:2", "after_cycle:1,mid_epoch:3",
          "before_spawn:4,before_commit:2", "after_propose:1"}) {
      CHECK(ended.code == 137);
      ended = run_atto(scratch, "resume run --workers 2", "ATTO_FAULT=" + fault);
    }
    CHECK(ended.code == 137);
    ended = run_atto(scratch, "resume run --workers 2");
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    CHECK(boards_of(scratch, scratch / "run") == calm);
    for (int cycle = 1; cycle <= why.at("cycles").get<int>(); ++cycle) {
      const std::string number = " --json --cycle " + std::to_string(cycle);
      CHECK(parsed(scratch, "explain run" + number) == parsed(scratch, "explain calm" + number));
    }
  }
}

TEST_CASE("explain tells preference, confidence and evidence as text, JSON and a picture") {
  const Scratch scratch;
  REQUIRE(run_atto(scratch, search("run", kSynthesis)).code == 0);
  const json why = parsed(scratch, "explain run --json --svg why.svg --network best.svg");
  CHECK(why.at("has_learnt") == true);
  double before = 1e9, evidence = 0;
  for (const json& decision : why.at("decisions")) {
    CHECK(decision.at("importance").get<double>() <= before);
    before = decision.at("importance");
    double sum = 0;
    int tried = 0;
    for (const json& option : decision.at("options")) {
      tried += !option.at("effect").is_null();
      sum += option.at("probability").get<double>();
      CHECK(option.at("best").size() <= option.at("designs").get<std::size_t>());
      evidence += double(option.at("responses").size());
    }
    if (decision.at("presence") > 0) CHECK(sum == Approx(1));
    CHECK(decision.at("confidence") <= 1);
    if (tried == 1) CHECK(decision.at("confidence") == 0);
  }
  CHECK(evidence > 0);
  const std::string svg = read_text(scratch / "why.svg");
  CHECK(svg.find("<svg") == 0);
  CHECK(svg.find("stages[1].modules[0]") != std::string::npos);
  CHECK(svg.ends_with("</svg>\n"));
  const std::string best = read_text(scratch / "best.svg");
  CHECK(best.find("winner ") != std::string::npos);
  CHECK(best.find(", by the machine, sure ") != std::string::npos);
  const auto depth =
      std::find_if(why.at("decisions").begin(), why.at("decisions").end(),
                   [](const json& decision) { return decision.at("path") == "stages[0].modules"; });
  REQUIRE(depth != why.at("decisions").end());
  CHECK(depth->at("options").front().at("macs_ratio") < 0.95);  // one module
  CHECK(depth->at("options").back().at("macs_ratio") > 1.05);   // three
  const Ended text = run_atto(scratch, "explain run --path 'stages[*].modules[*].chain'");
  CHECK(text.code == 0);
  CHECK(text.out.find("tiny: cycle ") == 0);
  CHECK(text.out.find("what explains results: ") != std::string::npos);
  CHECK(text.out.find("].chain\n") != std::string::npos);
  CHECK(text.out.find("].shortcut\n") == std::string::npos);
  CHECK(run_atto(scratch, "explain run --path stages[0].modules").out.find("[MACs x1.") !=
        std::string::npos);
  CHECK(run_atto(scratch, "explain run --path stages[7]")
            .err.find("--path: no decision has this path") == 0);
  CHECK(run_atto(scratch, "explain run --cycle 99").code == 2);
  REQUIRE(run_atto(scratch, search("blind", "--candidates 4")).code == 0);
  const Ended blind = run_atto(scratch, "explain blind");
  CHECK(blind.code == 1);
  CHECK(blind.err.find("random_asha has recorded no cycle of learning") != std::string::npos);
}

TEST_CASE(
    "What is steered holds from the recorded proposal on, for every strategy and after kills") {
  const Scratch scratch;
  for (const std::string strategy : {"random", "random_asha", "one_epoch_top_k", "aging_evolution",
                                     "local_search", "generative_synthesis"}) {
    INFO(strategy);
    const std::string a = strategy + "-a", b = strategy + "-b";
    CHECK(run_atto(scratch, search(a, "--workers 2 --candidates 14 --strategy " + strategy),
                   "ATTO_FAULT=after_propose:7")
              .code == 137);
    const Ended steered = run_atto(
        scratch,
        "steer " + a +
            " --pin 'stages[*].modules[*].shortcut=identity' --forbid "
            "'stages[1].modules[*].chain=#1' --require params.max=28k --note 'less of it'");
    CHECK(steered.code == 0);
    CHECK(steered.err == "takes effect with `atto resume " + a + "`\n");
    std::filesystem::copy(scratch / a, scratch / b, std::filesystem::copy_options::recursive);
    const Ended calm = run_atto(scratch, "resume " + a + " --workers 1");
    INFO(calm.err);
    REQUIRE(calm.code == 0);
    for (const std::string fault : {"before_steering:1", "after_steering:1", "after_propose:2"})
      CHECK(run_atto(scratch, "resume " + b + " --workers 3", "ATTO_FAULT=" + fault).code == 137);
    REQUIRE(run_atto(scratch, "resume " + b + " --workers 3").code == 0);
    const json board = boards_of(scratch, scratch / a);
    CHECK(boards_of(scratch, scratch / b) == board);
    const json list = parsed(scratch, "steer " + a + " --json");
    CHECK(list == parsed(scratch, "steer " + b + " --json"));
    REQUIRE(list.at("requests").size() == 4);
    CHECK(list.at("requests").at(0).at("proposal") == 7);
    const json& winner = board.at(0).at("leaderboard").at(0);
    CHECK(winner.at("misses").empty());
    CHECK(winner.at("params") <= 28000);
    int pinned = 0;
    for (const json& entry : board.at(0).at("leaderboard")) {
      const auto choices = decisions_of(scratch, a, entry.at("hash"), "].shortcut");
      const bool is_steered = choices.front().at("by") == "human";
      pinned += is_steered;
      for (const json& choice : choices)
        if (is_steered) CHECK(choice.at("value") == "identity");
      if (is_steered) CHECK(entry.at("params") <= 28000);
      // A ban that leaves one alternative is a person's decision too.
      for (const json& chain : decisions_of(scratch, a, entry.at("hash"), "].chain")) {
        const bool is_banned = chain.at("path").get<std::string>().starts_with("stages[1]");
        CHECK(chain.at("by") == (is_steered && is_banned ? "human" : "machine"));
      }
    }
    CHECK(pinned >= 6);
  }
}

TEST_CASE("A running campaign is steered, and resuming it replays that") {
  const Scratch scratch, other;
  const std::string run = (scratch / "run").string();
  Ended campaign;
  std::thread runner([&] {
    campaign = run_atto(scratch, search("run", "--candidates 24 --workers 2"),
                        "ATTO_FAKE_EPOCH_SECONDS=0.25");
  });
  const auto is_running = [&] {
    const Ended status = run_atto(other, "status " + run + " --json");
    return status.code == 0 && json::parse(status.out).at("state") == "running";
  };
  while (!is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const Ended steered = run_atto(other, "steer " + run + " --pin 'stages[0].modules=2'");
  runner.join();
  INFO(campaign.err);
  CHECK(steered.err == "takes effect at the next proposal\n");
  REQUIRE(campaign.code == 0);
  CHECK(campaign.err.find("steered: --pin stages[0].modules=2 (from proposal ") !=
        std::string::npos);
  const json board = boards_of(scratch, "run");
  const Ended again = run_atto(scratch, "resume run");
  INFO(again.err);
  CHECK(again.code == 0);
  CHECK(boards_of(scratch, "run") == board);
}

TEST_CASE("What no design could satisfy is refused with the proof, and nothing is recorded") {
  const Scratch scratch;
  REQUIRE(run_atto(scratch, search("run", "--candidates 4 --workers 1")).code == 0);
  const auto refused = [&](const std::string& options) {
    const Ended ended = run_atto(scratch, "steer run " + options);
    CHECK(ended.code == 2);
    return ended.err;
  };
  CHECK(refused("--require params.max=1k")
            .find("--require params.max=1k: leaves no design: the smallest network of this "
                  "prototype has ") == 0);
  CHECK(refused("--note keep --require params.max=1k").find("asks for 1,000") != std::string::npos);
  CHECK(refused("--pin stages[0].modules=9").find("stages[0].modules must be one of 1, 2, 3") !=
        std::string::npos);
  CHECK(refused("--forbid stages[0].modules=1 --forbid stages[0].modules=2 --forbid "
                "stages[0].modules=3")
            .find("leaves no alternative of stages[0].modules; free it first") !=
        std::string::npos);
  CHECK(refused("--free stages[0].modules").find("nothing is pinned or forbidden") !=
        std::string::npos);
  CHECK(refused("--require parms.max=1k").find("did you mean \"params\"?") != std::string::npos);
  CHECK(refused("--require params=1k").find("KEY.max=VALUE") != std::string::npos);
  CHECK(refused("--tier A --note x").find("the campaign has no tiers") != std::string::npos);
  CHECK(run_atto(scratch, "steer run").out == "nobody has steered this campaign yet\n");
  SECTION("what a later request frees is no longer in force") {
    CHECK(run_atto(scratch, "steer run --pin stages[0].modules=1")
              .err.find("the search is over: takes effect with `atto resume run`") !=
          std::string::npos);
    CHECK(run_atto(scratch, "steer run").out.find("in force:\n  stages[0].modules = 1\n") !=
          std::string::npos);
    CHECK(run_atto(scratch, "steer run --free 'stages[*].modules'").code == 0);
    CHECK(parsed(scratch, "steer run --json").at("in_force").empty());
  }
}

TEST_CASE("A person's design joins a campaign, and the report tells people from the machine") {
  const Scratch scratch;
  REQUIRE(run_atto(scratch, search("other", "--candidates 6 --seed 3")).code == 0);
  const std::string hash =
      boards_of(scratch, "other").at(0).at("leaderboard").at(0).at("hash").get<std::string>();
  const std::string file = "other/designs/" + hash + ".json";
  CHECK(
      run_atto(scratch, search("run", "--candidates 10 --workers 2"), "ATTO_FAULT=after_propose:5")
          .code == 137);
  const Ended tried = run_atto(scratch, "steer run --try " + file +
                                            " --note 'mine <is> better' --pin "
                                            "stages[0].modules[0].shortcut=none");
  INFO(tried.err);
  REQUIRE(tried.code == 0);
  CHECK(tried.err.find("is design " + hash) != std::string::npos);
  REQUIRE(run_atto(scratch, "resume run").code == 0);
  CHECK(run_atto(scratch, "steer run --try " + file).err.find("is known already: " + hash) !=
        std::string::npos);
  const json board = boards_of(scratch, "run").at(0).at("leaderboard");
  CHECK(board.size() == 11);
  int humans = 0;
  for (const json& entry : board)
    if (entry.at("origin") == "human") {
      ++humans;
      CHECK(entry.at("hash") == hash);
      CHECK(entry.at("rung_top1").at(2).is_number());
    }
  CHECK(humans == 1);
  REQUIRE(run_atto(scratch, "report run").code == 0);
  const std::string html = read_text(scratch / "run/report.html"),
                    csv = read_text(scratch / "run/report.csv");
  CHECK(html.find("People and machine") != std::string::npos);
  CHECK(html.find("mine &lt;is&gt; better") != std::string::npos);
  CHECK(html.find("the machine's best") != std::string::npos);
  CHECK(csv.find(",human_decisions,machine_decisions,flash_kib,ram_kib\n") != std::string::npos);
}

TEST_CASE("A campaign leaves out the zero-cost scores that its calibration found useless") {
  const Scratch scratch;
  REQUIRE(run_atto(scratch, "calibrate " + tiny_spec() + " --evaluator fake --designs 8").code ==
          0);
  const auto file = scratch / "runs/calibration-tiny/calibration.json";
  json calibration = json::parse(read_text(file));
  CHECK(calibration.contains("switched_off"));
  calibration["switched_off"] = {"naswot", "trainability"};
  write_text(file, calibration.dump());
  const std::string flags = "--strategy generative_synthesis --candidates 8";
  const Ended ended = run_atto(scratch, search("run", flags));
  CHECK(ended.code == 0);
  for (const std::string name : {"naswot", "trainability"})
    CHECK(ended.err.find(name + " is switched off: it says nothing that params and MACs do not") !=
          std::string::npos);
  CHECK(run_atto(scratch, search("all", flags + " --calibration none")).err.find("switched off") ==
        std::string::npos);
  CHECK(run_atto(scratch, search("named", flags + " --calibration " + file.string()))
            .err.find("switched off") != std::string::npos);
  CHECK(run_atto(scratch, search("none", flags + " --calibration nowhere")).code == 4);
  write_text(file, "{}");
  CHECK(run_atto(scratch, search("bad", flags)).err.find("must be a list of zero-cost scores") !=
        std::string::npos);
}

TEST_CASE(
    "A request that leaves nothing keeps the winner, and lifting it counts at the next resume") {
  const Scratch scratch;
  for (const std::string strategy : {"random_asha", "generative_synthesis", "aging_evolution"}) {
    INFO(strategy);
    const std::string run = strategy;
    REQUIRE(run_atto(scratch, search(run, "--candidates 6 --strategy " + strategy)).code == 0);
    const json before = boards_of(scratch, scratch / run);
    const std::string design = read_text(scratch / (run + "/winner/design.json"));
    write_text(scratch / (run + "/winner/model.onnx"), "exported");
    const auto keeps_winner = [&] {
      return read_text(scratch / (run + "/winner/design.json")) == design &&
             read_text(scratch / (run + "/winner/model.onnx")) == "exported";
    };
    const Ended asked = run_atto(scratch, "steer " + run + " --require top1.min=0.99");
    REQUIRE(asked.code == 0);
    CHECK(asked.err == "the search is over: takes effect with `atto resume " + run + "`\n");
    CHECK(run_atto(scratch, "status " + run)
              .out.find("1 request waits of `atto steer` for: atto resume " + run + "\n") !=
          std::string::npos);
    const Ended none = run_atto(scratch, "resume " + run);
    INFO(none.err);
    CHECK(none.code == 1);
    CHECK(none.err.find("no design meets what is asked for; " + run + "/winner stays as it was") !=
          std::string::npos);
    CHECK(none.out.find(run + "/winner keeps the winner of before\n") != std::string::npos);
    CHECK(keeps_winner());
    const json empty = boards_of(scratch, scratch / run);
    CHECK(empty.at(0).at("winner").is_null());
    // Without --candidates, with as many as before, and with more.
    const std::string how = strategy == "random_asha"       ? ""
                            : strategy == "aging_evolution" ? " --candidates 6"
                                                            : " --candidates 8";
    REQUIRE(run_atto(scratch, "steer " + run + " --require top1.min=0.01").code == 0);
    const Ended lifted = run_atto(scratch, "resume " + run + how);
    INFO(lifted.err);
    CHECK(lifted.code == 0);
    CHECK(parsed(scratch, "status " + run + " --json").at("waiting_requests") == 0);
    const json after = boards_of(scratch, scratch / run);
    CHECK_FALSE(after.at(0).at("winner").is_null());
    if (how.empty()) CHECK(after.at(0).at("winner") == before.at(0).at("winner"));
    if (how.empty()) CHECK(keeps_winner());
    // What happened can be replayed, before and after more of it.
    REQUIRE(run_atto(scratch, "resume " + run + " --candidates 10").code == 0);
    REQUIRE(run_atto(scratch, "steer " + run + " --pin stages[0].modules=2").code == 0);
    CHECK(run_atto(scratch, "resume " + run).code != 4);
    const json last = boards_of(scratch, scratch / run);
    const Ended again = run_atto(scratch, "resume " + run);
    CHECK(again.code != 4);
    CHECK(boards_of(scratch, scratch / run) == last);
  }
}

TEST_CASE("Requests for a finished family open every tier, and each replays its own place") {
  const Scratch scratch;
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = ATTO_SOURCE_DIR "/tests/search/data/tiny_prototype.json";
  spec.erase("require");
  spec["tiers"] = {{{"name", "A"}, {"require", {{"params", {{"max", 30000}}}}}},
                   {{"name", "B"}, {"require", {{"params", {{"max", 20000}}}}}}};
  write_text(scratch / "family.json", spec.dump());
  REQUIRE(run_atto(scratch, "search family.json --evaluator fake --out run --candidates 6").code ==
          0);
  const json before = boards_of(scratch, "run");
  const std::string winner = read_text(scratch / "run/winner-A/design.json");
  const auto resumed = [&](const std::string& request, const std::string& options = "") {
    const Ended asked = run_atto(scratch, "steer run " + request);
    INFO(asked.err);
    REQUIRE(asked.code == 0);
    CHECK(asked.err.find("takes effect with `atto resume run`") != std::string::npos);
    const Ended ended = run_atto(scratch, "resume run" + options, "ATTO_FAULT=after_steering:1");
    CHECK(ended.code == 137);
    const Ended went_on = run_atto(scratch, "resume run");
    INFO(went_on.err);
    CHECK(went_on.code != 4);
    return boards_of(scratch, "run");
  };
  // One tier alone: its winner stays until there is another.
  const json none = resumed("--tier A --require top1.min=0.99");
  CHECK(none.at(0).at("winner").is_null());
  CHECK(none.at(1) == before.at(1));
  CHECK(read_text(scratch / "run/winner-A/design.json") == winner);
  const json lifted = resumed("--tier A --require top1.min=0.01");
  CHECK(lifted.at(0).at("winner") == before.at(0).at("winner"));
  CHECK(lifted.at(1) == before.at(1));
  // All tiers, with more candidates: both follow it from where they stood.
  const json pinned = resumed("--pin 'stages[*].modules=2'", " --candidates 9");
  for (const int tier : {0, 1}) {
    INFO(tier);
    CHECK(pinned.at(std::size_t(tier)).at("leaderboard").size() >= 6);
    CHECK_FALSE(pinned.at(std::size_t(tier)) == before.at(std::size_t(tier)));
  }
  REQUIRE(run_atto(scratch, "resume run --candidates 10").code != 4);
  const json more = boards_of(scratch, "run");
  CHECK(run_atto(scratch, "resume run --candidates 11").code != 4);
  CHECK(run_atto(scratch, "steer run --json").code == 0);
  CHECK(more.size() == 2);
}

TEST_CASE("Resuming a finished campaign prints its result and replays nothing") {
  const Scratch scratch;
  REQUIRE(run_atto(scratch, search("run", kSynthesis)).code == 0);
  const std::string winner = read_text(scratch / "run/winner/design.json");
  std::filesystem::remove_all(scratch / "run/winner");
  // A coordinator that begins would die; so would one that proposes.
  const Ended again = run_atto(scratch, "resume run", "ATTO_FAULT=before_spawn:1,before_winner:1");
  INFO(again.err);
  CHECK(again.code == 0);
  CHECK(again.out.find("winner: ") != std::string::npos);
  CHECK(read_text(scratch / "run/winner/design.json") == winner);
  CHECK(run_atto(scratch, "resume run --candidates 17", "ATTO_FAULT=before_spawn:1").code == 137);
}
