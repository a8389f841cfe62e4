// The disk of the run folder is full, the ledger is elsewhere: workers wait for room, a coordinator
// that has to write ends; the campaign ends as it would have.
#include <signal.h>
#include <sys/mount.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/search/cluster/server.hpp"
#include "tests/search/slurm/slurm_campaign.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

/// A disk of 8 MB in a folder, which can be filled.
class Disk {
 public:
  explicit Disk(fs::path folder) : folder_(std::move(folder)) {
    fs::create_directories(folder_);
    if (::mount("none", folder_.c_str(), "tmpfs", 0, "size=8m") != 0)
      FAIL("this test needs the superuser's right to mount a file system");
  }
  ~Disk() { ::umount2(folder_.c_str(), MNT_DETACH); }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  void fill() const {
    std::ofstream filler(folder_ / "filler");
    const std::string block(4096, 'x');
    while (filler.write(block.data(), 4096).flush()) {
    }
  }
  void make_room() const { fs::remove(folder_ / "filler"); }

 private:
  const fs::path folder_;
};

struct DiskCampaign {
  Scratch scratch;
  const Disk disk{scratch / "disk"};
  json calm;
  int coordinator = 0;

  /// `window`: where it is 64, all designs are proposed, and so written, before the disk fills.
  explicit DiskCampaign(int window, const std::string& strategy = "random_asha") {
    json spec = json::parse(read_text(tiny_spec()));
    spec["prototype"] = kSource + "/tests/search/data/tiny_prototype.json";
    spec["search"]["window"] = window;
    spec["search"]["strategy"] = strategy;
    write_text(scratch / "spec.json", spec.dump());
    const std::string search =
        "search spec.json --evaluator fake --workers 2 --candidates 12 --out ";
    REQUIRE(run_atto(scratch, search + "calm").code == 0);
    calm = boards_of(scratch, scratch / "calm");
    coordinator = start_atto(scratch, search + "disk/run --ledger " + server().url(),
                             "ATTO_FAKE_EPOCH_SECONDS=0.2");
    for (int i = 0; i < 600 && ask("state = 2") < 2; ++i) sleep_for(0.1);
    REQUIRE(ask("state = 2") >= 2);
  }
  /// The number of such jobs.
  int ask(const std::string& what) const {
    if (!fs::exists(scratch / "disk/run/ledger.url")) return 0;
    return std::atoi(
        run_in_schema(scratch / "disk/run", "SELECT COUNT(*) FROM jobs WHERE " + what).c_str());
  }
  std::string log() const { return read_text(scratch / "log"); }
  void check_resumed() const {
    disk.make_room();
    const Ended ended = run_atto(scratch, "resume disk/run --workers 2");
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    CHECK(boards_of(scratch, scratch / "disk/run") == calm);
  }
};

/// Waits until a log says something, for a minute at most.
template <class Log>
bool comes_to_say(Log&& log, const std::string& text) {
  for (int i = 0; i < 600; ++i, sleep_for(0.1))
    if (log().find(text) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("While the shared disk is full workers wait for room, and the campaign goes on then") {
  const DiskCampaign campaign(64);
  campaign.disk.fill();
  CHECK(comes_to_say([&] { return campaign.log(); }, "workers wait until"));
  sleep_for(3);
  campaign.disk.make_room();
  const int code = wait_for(campaign.coordinator, 120);
  INFO(campaign.log());
  REQUIRE(code == 0);
  CHECK(boards_of(campaign.scratch, campaign.scratch / "disk/run") == campaign.calm);
}

TEST_CASE("When nobody makes room for ten minutes the campaign ends, and resume goes on from there",
          "[.slow]") {
  const DiskCampaign campaign(64);
  campaign.disk.fill();
  const int code = wait_for(campaign.coordinator, 720);
  const std::string log = campaign.log();
  INFO(log);
  CHECK(code == 4);
  CHECK(log.find("no room was made on the disk of disk/run") != std::string::npos);
  CHECK(log.find("continue with: atto resume disk/run") != std::string::npos);
  campaign.check_resumed();
}

TEST_CASE("A coordinator that cannot write its own files says so, and resume goes on from there") {
  // It stands still until it has a result, after which it writes a new design: none is promoted.
  const DiskCampaign campaign(2, "random");
  ::kill(campaign.coordinator, SIGSTOP);
  for (int i = 0; i < 600 && campaign.ask("state = 2 AND finish_order = 0") == 0; ++i)
    sleep_for(0.1);
  campaign.disk.fill();
  const int done = campaign.ask("state = 2");
  ::kill(campaign.coordinator, SIGCONT);
  CHECK(wait_for(campaign.coordinator, 60) == 4);
  const std::string log = campaign.log();
  INFO(log);
  const std::size_t start = log.rfind("atto: cannot write: No space left on device: disk/run/");
  REQUIRE(start != std::string::npos);
  const std::string message = log.substr(start);
  CHECK(message.ends_with("; when that is mended, continue with: atto resume disk/run\n"));
  CHECK(std::count(message.begin(), message.end(), '\n') == 1);
  CHECK(run_atto(campaign.scratch, "resume disk/run --workers 2").code == 4);
  CHECK(campaign.ask("state = 2") >= done);
  campaign.check_resumed();
}

TEST_CASE("Workers of Slurm wait for room on a full disk, and the campaign goes on then",
          "[.slow]") {
  SlurmCampaign campaign(server().url());
  const Disk disk(campaign.scratch / "run");
  campaign.start({}, "0.5");
  campaign.wait_until(4);
  // All are proposed, and so written, before it fills.
  for (int i = 0;
       i < 600 && run_in_schema(campaign.scratch / "run", "SELECT COUNT(*) FROM designs") != "32\n";
       ++i)
    sleep_for(0.1);
  disk.fill();
  CHECK(comes_to_say([&] { return campaign.log(); }, "workers wait until"));
  sleep_for(3);
  disk.make_room();
  campaign.check_end();
}
