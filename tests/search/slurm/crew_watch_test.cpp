// What follows from the ends of workers, wherever they ran: whose fault it was, and when a campaign
// gives up.
#include "search/running/crew_watch.hpp"

#include <catch2/catch.hpp>

#include "search/ledger/open_ledger.hpp"
#include "tests/search/process/process.hpp"

using namespace atto;
using namespace atto::search;

namespace {

/// Workers whose ends are what a test says.
class SaidWorkforce final : public Workforce {
 public:
  std::vector<EndedWorker> ended;

  void fill(std::chrono::milliseconds, const std::function<int()>& open_jobs) override {
    asked = open_jobs();
  }
  std::vector<EndedWorker> reap() override { return std::exchange(ended, {}); }
  void signal_all(int) override {}
  void freeze() override {}
  void thaw() override {}
  void end(int, StopSignals&, const std::function<void(const EndedWorker&)>&) override {}
  int running() const override { return 0; }
  std::vector<std::string> names() const override { return {"w"}; }

  int asked = -1;
};

struct Watched {
  test::Scratch scratch;
  std::unique_ptr<Ledger> ledger;
  SaidWorkforce force;
  std::vector<std::string> told;
  std::unique_ptr<CrewWatch> watch;

  Watched() {
    create_ledger(scratch / "");
    ledger = open_ledger(scratch / "");
    watch = std::make_unique<CrewWatch>(force, *ledger, RunFolder{scratch / ""},
                                        [this](const std::string& text) { told.push_back(text); });
    DesignRow design;
    design.hash = "00000000000000aa";
    Job job;
    job.hash = design.hash;
    ledger->add_job(job, design);
  }

  /// A worker takes the job and ends.
  void end(EndedWorker how) {
    REQUIRE(ledger->claim("w", 1, 0));
    how.name = "w";
    force.ended = {how};
    watch->look();
  }
};

EndedWorker from_outside() {
  EndedWorker ended;
  ended.cause = "PREEMPTED on n1";
  return ended;
}

EndedWorker failed_start(const std::string& start) {
  EndedWorker ended;
  ended.exit_code = 127;
  ended.last_message = "no such program";
  ended.start = start;
  return ended;
}

}  // namespace

TEST_CASE("What ends workers from outside fails no trial for ten attempts, then it counts") {
  Watched watched;
  for (int i = 0; i < 12; ++i) {
    watched.end(from_outside());
    CHECK(watched.ledger->totals().ready == 1);
  }
  CHECK(watched.told.back() == "worker w: PREEMPTED on n1");
  watched.end(from_outside());
  CHECK(watched.ledger->totals().failed == 1);
}

TEST_CASE("A campaign does not give up because many workers are pushed out") {
  Watched watched;
  watched.force.ended.assign(50, from_outside());
  CHECK_NOTHROW(watched.watch->look());
  EndedWorker killed;
  killed.signal = 11;
  for (int i = 0; i < 19; ++i) {
    killed.start = "w" + std::to_string(i);
    watched.force.ended.push_back(killed);
  }
  CHECK_NOTHROW(watched.watch->look());
  killed.start = "w19";
  watched.force.ended = {killed};
  CHECK_THROWS_WITH(watched.watch->look(),
                    "20 workers in a row died before finishing anything; the last: killed by "
                    "signal 11 (Segmentation fault)");
}

TEST_CASE("Workers that fail as they start stop a campaign at the third start, however many each") {
  Watched watched;
  watched.force.ended.assign(30, failed_start("n1 101"));
  for (int i = 0; i < 30; ++i) watched.force.ended.push_back(failed_start("n2 101"));
  CHECK_NOTHROW(watched.watch->look());
  SECTION("a third one") {
    watched.force.ended = {failed_start("n1 102")};
    CHECK_THROWS_WITH(watched.watch->look(), "workers cannot work: no such program");
  }
  SECTION("but not after a success") {
    watched.watch->note_success();
    watched.force.ended = {failed_start("n1 102")};
    CHECK_NOTHROW(watched.watch->look());
  }
  SECTION("nor where it worked for a while") {
    EndedWorker later = failed_start("n1 102");
    later.is_new = false;
    watched.force.ended = {later};
    CHECK_NOTHROW(watched.watch->look());
  }
}

TEST_CASE("Workers are asked for as many as there are jobs to do") {
  Watched watched;
  watched.watch->fill();
  CHECK(watched.force.asked == 1);
}
