// Campaigns whose workers a real Slurm starts: whatever dies, the leaderboard is that of a campaign
// of one worker on this machine.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "search/ledger/open_ledger.hpp"
#include "tests/search/slurm/slurm_cluster.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

/// A spec whose window keeps 16 workers busy.
void write_spec(const Scratch& scratch) {
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = kSource + "/tests/search/data/tiny_prototype.json";
  spec["search"]["window"] = 16;
  spec["search"]["candidates"] = 32;
  write_text(scratch / "spec.json", spec.dump(1));
}

std::string search(const std::string& folder, const std::string& more) {
  return "search spec.json --evaluator fake --out " + folder + " " + more;
}

/// The leaderboard of a campaign of one worker on this machine.
json local_boards(const Scratch& scratch) {
  const Ended ended = run_atto(scratch, search("local", "--workers 1"));
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  return boards_of(scratch, scratch / "local");
}

/// A campaign of 16 workers on two nodes that lasts some seconds.
struct Campaign {
  SlurmCluster cluster{2, 8};
  const Scratch& scratch = cluster.scratch;
  json expected;
  int process = 0;

  Campaign() {
    write_spec(scratch);
    expected = local_boards(scratch);
  }
  ~Campaign() {
    if (process != 0) wait_for(process, 0);
  }

  void start(json profile = json::object(), const std::string& epoch_seconds = "1") {
    profile["format"] = 1;
    if (!profile.contains("workers")) profile["workers"] = 16;
    write_text(scratch / "cluster.json", profile.dump());
    go("search spec.json --evaluator fake --out run --slurm cluster.json", epoch_seconds);
  }
  void go(const std::string& arguments, const std::string& epoch_seconds) {
    process = start_atto(scratch, arguments,
                         cluster.environment() + "ATTO_FAKE_EPOCH_SECONDS=" + epoch_seconds);
  }

  std::int64_t done() const {
    try {
      return atto::search::open_ledger(scratch / "run")->totals().done;
    } catch (const std::exception&) {
      return -1;  // not made yet
    }
  }
  /// Waits until so many jobs are done, for a minute at most.
  void wait_until(std::int64_t count) const {
    for (int i = 0; i < 600 && done() < count; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    INFO(log());
    REQUIRE(done() >= count);
  }
  std::string log() const { return read_text(scratch / "log"); }

  /// The campaign ends with the leaderboard that is expected, and says what happened meanwhile.
  void check_end(const std::string& said = "") {
    const int code = wait_for(process, 180);
    process = 0;
    INFO(log());
    REQUIRE(code == 0);
    CHECK(boards_of(scratch, scratch / "run") == expected);
    CHECK(log().find(said) != std::string::npos);
    CHECK(cluster.shell("squeue --noheader --states=PD,R").empty());
  }
};

}  // namespace

TEST_CASE("An array of 16 workers gives the leaderboard of one worker, and status tells of them") {
  Campaign campaign;
  campaign.start();
  campaign.wait_until(2);
  json slurm;
  for (int i = 0; i < 50 && (slurm.is_null() || slurm.at("running") == 0); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    slurm = json::parse(run_atto(campaign.scratch, "status run --json").out).at("slurm");
  }
  CHECK(slurm.at("name").get<std::string>().starts_with("atto-tiny-"));
  CHECK(slurm.at("running").get<int>() > 0);
  CHECK(run_atto(campaign.scratch, "status run").out.find("\nSlurm: ") != std::string::npos);
  campaign.check_end();
}

TEST_CASE("A worker is killed, another lives on in its place") {
  Campaign campaign;
  campaign.start();
  campaign.wait_until(4);
  campaign.cluster.kill_workers("slurm-[0-9]*_1\\.0");
  campaign.check_end("killed by signal 9");
}

TEST_CASE("Jobs that come first push workers out, which give back what they have") {
  Campaign campaign;
  campaign.start();
  campaign.wait_until(4);
  const std::string job = campaign.cluster.shell(
      "sbatch --parsable --partition=high --nodelist=n1 --ntasks=8 --output=/dev/null "
      "--wrap='sleep 3'");
  CHECK(job.find("error") == std::string::npos);
  campaign.check_end("was asked to end, and gave back what it had");
}

TEST_CASE("A node is lost with all that it runs, and comes back") {
  Campaign campaign;
  campaign.start();
  campaign.wait_until(4);
  campaign.cluster.lose_node("n2");
  std::this_thread::sleep_for(std::chrono::seconds(2));
  campaign.cluster.start_node("n2");
  campaign.check_end("NODE_FAIL on n2");
}

TEST_CASE("Slurm's controller is away for some seconds: what runs goes on") {
  Campaign campaign;
  campaign.start();
  campaign.wait_until(4);
  campaign.cluster.kill("slurmctld");
  std::this_thread::sleep_for(std::chrono::seconds(4));
  campaign.cluster.start_controller();
  campaign.check_end();
}

TEST_CASE("The coordinator is killed; the next one takes its workers over") {
  Campaign campaign;
  campaign.start();
  campaign.wait_until(4);
  ::kill(campaign.process, SIGKILL);
  wait_for(campaign.process, 5);
  const auto before = campaign.done();
  campaign.wait_until(before + 1);  // its workers go on
  campaign.go("resume run", "1");
  campaign.check_end();
  // None was started beside those that ran.
  CHECK(campaign.cluster.shell("squeue -h -r -t all -o %i | cut -d_ -f1 | sort -u | wc -l") <=
        "4\n");
}

TEST_CASE("A stop cancels all workers, and resume hands them to Slurm again") {
  Campaign campaign;
  campaign.start();
  campaign.wait_until(4);
  ::kill(campaign.process, SIGTERM);
  CHECK(wait_for(campaign.process, 60) == 130);
  CHECK(campaign.cluster.shell("squeue --noheader --states=PD,R").empty());
  campaign.go("resume run", "0");
  campaign.check_end();
}

TEST_CASE("No more jobs are handed to Slurm than max_submit") {
  Campaign campaign;
  campaign.start({{"max_submit", 3}}, "0.1");
  std::size_t most = 0;
  for (int i = 0; i < 40 && campaign.done() < 12; ++i) {
    const std::string jobs = campaign.cluster.shell("squeue --noheader --array --states=PD,R");
    most = std::max(most, static_cast<std::size_t>(std::count(jobs.begin(), jobs.end(), '\n')));
  }
  CHECK(most == 3);
  campaign.check_end();
}

TEST_CASE("Workers that cannot start end the campaign with their last words") {
  Campaign campaign;
  campaign.start({{"prolog", {"echo no such module >&2", "exit 127"}}});
  CHECK(wait_for(campaign.process, 120) == 4);
  campaign.process = 0;
  INFO(campaign.log());
  CHECK(campaign.log().find("workers cannot work: no such module") != std::string::npos);
  CHECK(campaign.cluster.shell("squeue --noheader --states=PD,R").empty());
}
