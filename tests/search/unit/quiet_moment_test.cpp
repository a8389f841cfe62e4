// While something is measured, nobody trains; afterwards everybody goes on.
#include "search/running/quiet_moment.hpp"

#include <signal.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "search/ledger/open_ledger.hpp"
#include "search/ledger/process_mark.hpp"
#include "search/running/crew.hpp"
#include "tests/search/process/process.hpp"

using namespace atto;
using namespace atto::search;

namespace {

/// Waits until `is_true`, for ten seconds at most.
template <class Condition>
bool becomes(Condition&& is_true) {
  for (int i = 0; i < 1000; ++i) {
    if (is_true()) return true;
    test::sleep_for(0.01);
  }
  return false;
}

void add_claimed_job(Ledger& ledger, const std::string& worker) {
  DesignRow design;
  design.hash = "00000000000000aa";
  Job job;
  job.hash = design.hash;
  ledger.add_job(job, design);
  REQUIRE(ledger.claim(worker, 1, 0));
}

}  // namespace

TEST_CASE("Workers of the crew stand still while work is done, and go on after it") {
  const test::Scratch scratch;
  create_ledger(scratch / "");
  const auto opened = open_ledger(scratch / "");
  Ledger& ledger = *opened;
  // Each writes bytes to its log as long as it runs.
  Crew crew({"/bin/sh", {"-c", "while :; do echo tick; sleep 0.01; done"}}, 2, scratch / "");
  crew.fill(std::chrono::milliseconds(0));
  const auto written = [&] {
    std::uintmax_t bytes = 0;
    for (const std::string& name : crew.names()) {
      std::error_code missing;
      const std::uintmax_t size = std::filesystem::file_size(scratch / (name + ".log"), missing);
      if (missing || size == 0) return std::uintmax_t{0};
      bytes += size;
    }
    return bytes;
  };
  REQUIRE(becomes([&] { return written() > 0; }));
  std::uintmax_t before = 0, after = 0;
  const auto restless = in_a_quiet_moment(ledger, crew, [&] {
    before = written();
    test::sleep_for(0.2);
    after = written();
  });
  CHECK(restless.empty());
  CHECK(before > 0);
  CHECK(after == before);
  CHECK(becomes([&] { return written() > after; }));
  CHECK(ledger.pause() == 0);
  crew.signal_all(SIGKILL);
}

TEST_CASE("Workers go on when what is done throws, and one that died is no obstacle") {
  const test::Scratch scratch;
  create_ledger(scratch / "");
  const auto opened = open_ledger(scratch / "");
  Ledger& ledger = *opened;
  Crew crew({"/bin/sh", {"-c", "exit 0"}}, 1, scratch / "");
  crew.fill(std::chrono::milliseconds(0));
  CHECK_THROWS_WITH(in_a_quiet_moment(ledger, crew, [] { throw std::runtime_error("no engine"); }),
                    "no engine");
  CHECK(ledger.pause() == 0);
}

TEST_CASE("A worker that people started waits when asked, and one that does not is named") {
  const test::Scratch scratch;
  create_ledger(scratch / "");
  const auto opened = open_ledger(scratch / "");
  Ledger& ledger = *opened;
  Crew nobody({"/bin/false", {}}, 0, scratch / "");
  add_claimed_job(ledger, "by hand");
  bool did_run = false;
  CHECK(in_a_quiet_moment(ledger, nobody, [&] { did_run = true; }) ==
        std::vector<std::string>{"by hand"});
  CHECK(did_run);

  std::atomic<bool> is_over = false;
  std::thread worker([&] {
    const auto own = open_ledger(scratch / "");
    while (!is_over) {
      if (const std::int64_t pause = own->pause()) own->keep_pause("by hand", pause);
      test::sleep_for(0.005);
    }
  });
  CHECK(in_a_quiet_moment(ledger, nobody, [] {}).empty());
  is_over = true;
  worker.join();
}

TEST_CASE("`atto worker` keeps a pause before it claims anything, then works") {
  const test::Scratch scratch;
  REQUIRE(test::run_atto(scratch, "search " + test::tiny_spec() + " --evaluator fake --out run",
                         "ATTO_FAULT=after_propose:3")
              .code == 137);
  const auto ledger = open_ledger(scratch / "run");
  const std::int64_t pause = machine_clock_ms() + 5000;  // a worker is slow to start beside others
  ledger->set_meta("paused_until", std::to_string(pause));
  CHECK(test::run_atto(scratch, "worker run --fake --name hand --patience 0.2").code == 0);
  CHECK(machine_clock_ms() >= pause);
  CHECK(ledger->meta("pause kept by hand") == std::to_string(pause));
  CHECK(ledger->totals().done == 3);
}
