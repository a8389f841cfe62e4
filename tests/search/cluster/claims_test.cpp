// Many processes at one ledger.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <thread>

#include "tests/search/cluster/server.hpp"
#include "tests/search/unit/ledger_folder.hpp"

using namespace atto;
using namespace atto::search;
using atto::test::LedgerFolder;
using atto::test::server;

namespace {

constexpr int kWorkers = 64, kJobs = 10000;

train::TrialResult short_result() {
  train::TrialResult result;
  for (int epoch = 1; epoch <= 2; ++epoch) {
    train::EpochRecord record;
    record.epoch = epoch;
    record.validation["top1"] = 0.5;
    result.epochs.push_back(record);
  }
  return result;
}

void add_jobs(const LedgerFolder& folder, int count) {
  const auto ledger = folder.open();
  DesignRow design;
  design.hash = "00000000000000aa";
  ledger->add_design(design);
  atto::test::run_in_schema(
      folder.path(),
      "INSERT INTO jobs(tier, stage, position, seen, hash, rung, replica, to_epoch, horizon, seed) "
      "SELECT 0, 1, n, 0, '00000000000000aa', 0, 0, 2, 2, n FROM generate_series(0, " +
          std::to_string(count - 1) + ") AS n");
}

}  // namespace

TEST_CASE("A commit with responses and scores is at most eight round trips") {
  server().new_statements();
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> ledger = folder.open();
  DesignRow design;
  design.hash = "00000000000000aa";
  Job job;
  job.hash = design.hash;
  job.to_epoch = job.horizon = 3;
  ledger->add_job(job, design);
  train::TrialResult result;
  for (int epoch = 1; epoch <= 3; ++epoch) {
    train::EpochRecord record;
    record.epoch = epoch;
    if (epoch != 2) record.validation = {{"top1", 0.5}, {"top5", 0.7}};
    result.epochs.push_back(record);
  }
  for (int module = 0; module < 40; ++module) {
    result.epochs.back().responses["module " + std::to_string(module)] = {};
    result.scores["module " + std::to_string(module)] = {};
  }
  result.test = {{"top1", 0.4}};
  const Claim claim = ledger->claim("w", 1, 0).value();
  server().new_statements();
  CHECK(ledger->commit(claim, result));
  const std::vector<std::string> statements = server().new_statements();
  INFO(statements.size());
  CHECK(statements.size() > 2);
  CHECK(statements.size() <= 8);
  CHECK(ledger->responses({job.hash, train::Phase::Search, 0}, 3).modules.size() == 40);
  CHECK(ledger->scores({job.hash, train::Phase::Search, 0}).modules.size() == 40);
  CHECK(ledger->curve({job.hash, train::Phase::Search, 0}).at(2).validation.at("top5") == 0.7);
  CHECK(ledger->finished_since(0).at(0).verdict.test.at("top1") == 0.4);
}

TEST_CASE("64 processes take each of 10,000 jobs once, and every result is numbered once") {
  const LedgerFolder folder;
  add_jobs(folder, kJobs);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > 0);  // holds a word of every job
  std::set<int> processes;
  for (int i = 0; i < kWorkers; ++i) {
    const int process = ::fork();
    REQUIRE(process >= 0);
    if (process > 0) {
      processes.insert(process);
      continue;
    }
    int status = 1;
    try {
      const auto ledger = folder.open();
      const std::string name = "w" + std::to_string(i);
      while (const auto claim = ledger->claim(name, 1, 0)) {
        if (!ledger->commit(*claim, short_result())) ::_exit(2);
        const std::int64_t position = claim->job.position;
        if (::write(ends[1], &position, sizeof position) != sizeof position) ::_exit(3);
      }
      status = 0;
    } catch (...) {
    }
    ::_exit(status);
  }
  ::close(ends[1]);
  // The coordinator's part meanwhile: numbers, without a gap.
  const auto ledger = folder.open();
  std::int64_t last = 0;
  std::set<std::int64_t> jobs;
  bool has_gap = false;
  while (jobs.size() < kJobs && !processes.empty()) {
    for (const JobRow& row : ledger->finished_since(last)) {
      has_gap |= row.verdict.finish_order != last + 1;
      last = row.verdict.finish_order;
      jobs.insert(row.job.id);
    }
    int status = 0;
    for (int ended; (ended = ::waitpid(-1, &status, WNOHANG)) > 0; processes.erase(ended))
      CHECK(status == 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  for (int process : processes) {
    int status = 0;
    ::waitpid(process, &status, 0);
    CHECK(status == 0);
  }
  for (const JobRow& row : ledger->finished_since(last)) {
    has_gap |= row.verdict.finish_order != last + 1;
    last = row.verdict.finish_order;
    jobs.insert(row.job.id);
  }
  CHECK_FALSE(has_gap);
  CHECK(last == kJobs);
  CHECK(jobs.size() == kJobs);
  std::map<std::int64_t, int> claims;
  for (std::int64_t position; ::read(ends[0], &position, sizeof position) == sizeof position;)
    ++claims[position];
  ::close(ends[0]);
  CHECK(claims.size() == kJobs);
  for (const auto& [position, count] : claims)
    if (count != 1) FAIL("job " << position << " was taken " << count << " times");
  for (const JobRow& row : ledger->jobs(0, Stage::Search))
    if (row.attempt != 1) FAIL("job " << row.job.id << " has attempt " << row.attempt);
}
