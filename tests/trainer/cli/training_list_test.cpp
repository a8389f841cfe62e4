// atto train LIST: a queue of trainings that is finished at most once and goes on after any end.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <tuple>

#include "tests/search/process/process.hpp"
#include "tests/trainer/cli/compared.hpp"

using namespace atto::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// A list of two designs, the first with two seeds, beside its designs.
json small_list(const Scratch& scratch, int epochs = 2) {
  fs::copy_file(kSource + "/prototypes/inverted_32.json", scratch / "one.json");
  fs::copy_file(kSource + "/prototypes/mobilenet_v2_32.json", scratch / "other.json");
  return {{"data", "synthetic:classes=4,size=12,channels=3,train=200,test=60"},
          {"results", "kept"},
          {"trainings",
           {{{"design", "one.json"}, {"epochs", epochs}, {"seeds", {1, 7}}},
            {{"design", "other.json"},
             {"name", "slow"},
             {"epochs", epochs},
             {"training", {{"learning_rate", 0.01}, {"batch", 64}}}}}}};
}

Ended train(const Scratch& scratch, const json& list, const std::string& more = "") {
  write_text(scratch / "list.json", list.dump());
  return run_atto(scratch, "train list.json --device cpu " + more);
}

/// What two runs of one training have in common.
json without_times(const fs::path& file) {
  json result = json::parse(read_text(file));
  for (const char* key : {"cpu_seconds", "images_per_second", "folder"}) result.erase(key);
  for (json& epoch : result.at("epochs")) epoch.erase("cpu_seconds");
  return result;
}

}  // namespace

TEST_CASE("A list is trained seed by seed, and what is finished is not trained again") {
  const Scratch scratch;
  const json list = small_list(scratch);
  const Ended plan = train(scratch, list, "--dry-run --json");
  REQUIRE(plan.code == 0);
  std::vector<std::string> names;
  for (const json& row : json::parse(plan.out)) {
    names.push_back(row.at("name"));
    CHECK(row.at("state") == "waits");
    CHECK(row.at("estimated_cpu_seconds") > 0);
  }
  CHECK(names == std::vector<std::string>{"one-s1", "slow-s1", "one-s7"});
  CHECK_FALSE(fs::exists(scratch / "runs"));
  const Ended ended = train(scratch, list);
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const json result = json::parse(read_text(scratch / "kept/slow-s1.json"));
  CHECK(result.at("recipe").at("learning_rate") == 0.01);
  CHECK(result.at("recipe").at("batch") == 64);
  CHECK(result.at("recipe").at("momentum") == 0.9);
  CHECK(result.at("outcome") == "finished");
  CHECK(result.at("epochs").size() == 2);
  CHECK(result.at("validation_top1") == result.at("epochs").back().at("validation_top1"));
  CHECK(result.count("folder") == 0);
  CHECK(json::parse(read_text(scratch / "kept/one-s7.json")).at("seed") == 7);
  CHECK(fs::exists(scratch / "runs/list/one-s7/weights.safetensors"));

  SECTION("kept results tell the same as the weights when they are compared") {
    const std::string kept = "kept/one-s1.json kept/slow-s1.json kept/one-s7.json";
    const json by_results = compared(scratch, kept);
    CHECK(by_results == compared(scratch, "runs/list/one-s1 runs/list/slow-s1 runs/list/one-s7"));
    CHECK(by_results == compared(scratch, "kept/one-s1.json runs/list/slow-s1 runs/list/one-s7"));
    CHECK(by_results.at(0).at("top1").size() == 2);
    const Ended piped =
        run_atto(scratch, "compare --json pipe kept/slow-s1.json",
                 "mkfifo pipe; cat kept/one-s1.json >pipe & timeout 60");  // which is read once
    CHECK(piped.code == 0);
    json namesake = json::parse(read_text(scratch / "kept/slow-s1.json"));
    namesake["network"] = json::parse(read_text(scratch / "kept/one-s1.json")).at("network");
    write_text(scratch / "namesake.json", namesake.dump());
    const Ended told_apart = run_atto(scratch, "compare kept/one-s1.json namesake.json");
    CHECK_THAT(told_apart.out, Catch::Contains(namesake["network"].get<std::string>() + ' ' +
                                               namesake["design_hash"].get<std::string>()));
    const auto refused = [&](const std::string& what, const std::string& why) {
      const Ended told = run_atto(scratch, "compare " + what);
      CHECK(told.code == 2);
      CHECK_THAT(told.err, Catch::Contains(why));
    };
    refused("--split validation " + kept, "--split: results of trainings tell of the test images");
    const json good = json::parse(read_text(scratch / "kept/slow-s1.json"));
    for (const auto& [key, value, why] : std::vector<std::tuple<std::string, json, std::string>>{
             {"outcome", "diverged", "/outcome: must be finished; got \"diverged\""},
             {"test_right", "60:12", "/test_right: must have a hex digit for each four images"},
             {"test_right", "8:xy", "/test_right: must be of 0-9 and a-f"},
             {"test_right", "-4:f", "/test_right: must begin with a number of images"},
             {"test_right", "8:ff", "must be of the data set of the first"},
             {"dataset_digest", "0123", "must be of the data set of the first"},
             {"params", "many", "/params: must be a whole number"},
             {"test_right", nullptr, "/test_right"}}) {
      json bad = good;
      bad[key] = value;
      write_text(scratch / "bad.json", bad.dump());
      refused("kept/one-s1.json bad.json", why);
    }
  }
  SECTION("the kept results are enough, as on another machine") {
    fs::remove_all(scratch / "runs");
    CHECK(train(scratch, list).code == 0);
    CHECK_FALSE(fs::exists(scratch / "runs"));
  }
  SECTION("a kept result that is lost is kept again, without training") {
    const auto written = fs::last_write_time(scratch / "runs/list/one-s1/weights.safetensors");
    fs::remove(scratch / "kept/one-s1.json");
    CHECK(train(scratch, list).code == 0);
    CHECK(fs::exists(scratch / "kept/one-s1.json"));
    CHECK(fs::last_write_time(scratch / "runs/list/one-s1/weights.safetensors") == written);
  }
  SECTION("a list that asks for another training under the name of a finished one is refused") {
    json changed = list;
    changed["trainings"][0]["epochs"] = 3;
    const Ended refused = train(scratch, changed);
    CHECK(refused.code == 2);
    CHECK(refused.err.find("kept/one-s1.json: is the result of another training") == 0);
    write_text(scratch / "kept/one-s1.json", "{");
    CHECK(train(scratch, list).code == 2);
  }
  SECTION("one training of its folder continues it as `atto train DESIGN` does") {
    const Ended alone =
        run_atto(scratch,
                 "train one.json --epochs 2 --device cpu --out runs/list/one-s1 --data "
                 "'synthetic:classes=4,size=12,channels=3,train=200,test=60'");
    CHECK(alone.code == 0);
  }
}

TEST_CASE("What a list is said to cost counts how often it judges") {
  const Scratch scratch;
  json list = small_list(scratch, 4);
  const auto cost = [&](int judge_every) {
    list["trainings"][1]["training"]["judge_every"] = judge_every;
    const Ended plan = train(scratch, list, "--dry-run --json");
    REQUIRE(plan.code == 0);
    return json::parse(plan.out).at(1).at("estimated_cpu_seconds").get<double>();
  };
  // Half of the epochs are judged, and that saves half of what judging takes.
  const double often = cost(1), seldom = cost(2), never = cost(1000);
  CHECK(seldom < often);
  CHECK(never < seldom);
  CHECK(often - seldom == Approx((often - never) / 2).epsilon(0.01));
}

TEST_CASE("What another process trains is left to it, and the rest is done") {
  const Scratch scratch;
  const json list = small_list(scratch, 1);
  fs::create_directories(scratch / "runs/list/slow-s1");
  const int lock =
      ::open((scratch / "runs/list/slow-s1/training.lock").c_str(), O_RDWR | O_CREAT, 0644);
  REQUIRE(::flock(lock, LOCK_EX) == 0);
  const Ended ended = train(scratch, list);
  CHECK(ended.code == 0);
  CHECK(ended.err.find("slow-s1: another process trains it") != std::string::npos);
  CHECK(fs::exists(scratch / "kept/one-s7.json"));
  CHECK_FALSE(fs::exists(scratch / "kept/slow-s1.json"));
  const Ended alone = run_atto(scratch,
                               "train other.json --out runs/list/slow-s1 --device cpu --data "
                               "'synthetic:classes=4,size=12,channels=3,train=200,test=60'");
  CHECK(alone.code == 2);
  CHECK(alone.err.find("is being trained into by another process") != std::string::npos);
  ::close(lock);
  CHECK(train(scratch, list).code == 0);
  CHECK(fs::exists(scratch / "kept/slow-s1.json"));
}

TEST_CASE("A list that is killed goes on where it was, to the same results") {
  const Scratch whole, killed;
  REQUIRE(train(whole, small_list(whole, 6)).code == 0);
  write_text(killed / "list.json", small_list(killed, 6).dump());
  for (int kill = 0; kill < 3; ++kill) {
    const int process = start_atto(killed, "train list.json --device cpu");
    for (int wait = 0;
         wait < 400 && !fs::exists(killed / "runs/list/one-s1/checkpoint.safetensors"); ++wait)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::this_thread::sleep_for(std::chrono::milliseconds(150 * kill));
    ::kill(process, SIGKILL);
    wait_for(process);
  }
  for (int tries = 0; tries < 100; ++tries) {  // the trainer may outlive atto by a moment
    const Ended ended = run_atto(killed, "train list.json --device cpu");
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    const std::string names[] = {"kept/one-s1.json", "kept/slow-s1.json", "kept/one-s7.json"};
    if (std::all_of(std::begin(names), std::end(names),
                    [&](const std::string& name) { return fs::exists(killed / name); }))
      break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  for (const char* name : {"one-s1", "slow-s1", "one-s7"})
    CHECK(without_times(killed / ("kept/" + std::string(name) + ".json")) ==
          without_times(whole / ("kept/" + std::string(name) + ".json")));
}

TEST_CASE("A data set's path is relative to the list, on the command line to where one is") {
  const Scratch scratch;
  fs::copy_file(kSource + "/prototypes/inverted_32.json", scratch / "one.json");
  fs::create_directories(scratch / "lists");
  fs::create_directories(scratch / "elsewhere");
  const auto planned = [&](const json& list, const std::string& more = "") {
    write_text(scratch / "lists/list.json", list.dump());
    return run_atto(scratch, "train ../lists/list.json --dry-run " + more, "cd elsewhere &&");
  };
  const auto looked_at = [&](const std::string& folder) {
    return "data set ./d/pets: " + (scratch / folder).string() + " is no folder";
  };
  const json one = {{"design", "../one.json"}};
  const json list = {{"data", "./d/pets"}, {"trainings", json::array({one})}};
  CHECK(planned(list).err.find(looked_at("lists/d/pets")) != std::string::npos);
  CHECK(planned(list, "--data ./d/pets").err.find(looked_at("elsewhere/d/pets")) !=
        std::string::npos);
  json own = one;
  own["data"] = "./d/pets";
  CHECK(planned({{"trainings", json::array({own})}}).err.find(looked_at("lists/d/pets")) !=
        std::string::npos);
}

TEST_CASE("All problems of a list come in one run, located") {
  const Scratch scratch;
  write_text(scratch / "list.json", R"({ "format": 2, "reslts": "x", "trainings": [
  { "design": "a.json", "seeds": [1, 1] },
  { "design": "sub/a.json", "seeds": [-1], "epochs": 0 },
  { "nme": "x" }, 7, { "design": "b.json", "name": "../up", "training": { "momentum": 2 } } ] })");
  const Ended ended = run_atto(scratch, "train list.json");
  CHECK(ended.code == 2);
  for (const char* line :
       {"list.json:1:13: /format: must be 1", "list.json:1:16: /reslts: unknown key",
        "list.json:2:38: /trainings/0/seeds/1: a seed must be listed once",
        "/trainings/1: two trainings have one name", "/trainings/1/seeds/0: must be >= 0",
        "/trainings/1/epochs: must be >= 1", "/trainings/2/nme: unknown key",
        "/trainings/2: missing key \"design\"", "/trainings/3: must be an object",
        "/trainings/4/name: must be 1 to 64", "/trainings/4/training/momentum: must be < 1"}) {
    INFO(line << "\n" << ended.err);
    CHECK(ended.err.find(line) != std::string::npos);
  }
  write_text(scratch / "list.json", R"({ "trainings": [] })");
  CHECK(run_atto(scratch, "train list.json").code == 2);
  write_text(scratch / "list.json", R"({ "trainings": [ { "design": "nowhere.json" } ] })");
  CHECK(run_atto(scratch, "train list.json").code == 4);
  const Ended option = run_atto(scratch, "train list.json --epochs 3");
  CHECK(option.code == 2);
  CHECK(option.err.find("--epochs: is for one design") != std::string::npos);
  CHECK(run_atto(scratch, "check list.json").err.find("a list of trainings") != std::string::npos);
}
