// Prints how many claims and commits a second a ledger takes from so many processes. Each commit
// has the rows of three epochs and of the responses of twenty modules.
//   ledger_bench FOLDER PROCESSES JOBS [URL]
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "search/ledger/open_ledger.hpp"

namespace {

using namespace atto;
using Clock = std::chrono::steady_clock;

struct Pipe {
  Pipe() {
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  }
  void send(int count) const {
    const std::string bytes(static_cast<std::size_t>(count), '.');
    if (::write(ends[1], bytes.data(), bytes.size()) != count) ::_exit(3);
  }
  void receive(int count) const {
    for (char byte; count > 0; --count)
      if (::read(ends[0], &byte, 1) != 1) ::_exit(3);
  }
  int ends[2];
};

train::TrialResult result() {
  train::TrialResult trained;
  for (int epoch = 1; epoch <= 3; ++epoch) {
    train::EpochRecord record;
    record.epoch = epoch;
    record.validation["top1"] = 0.5;
    trained.epochs.push_back(record);
  }
  for (int module = 0; module < 20; ++module)
    trained.epochs.back().responses["module " + std::to_string(module)] = {};
  return trained;
}

void add_jobs(const std::filesystem::path& folder, int count) {
  const auto ledger = search::open_ledger(folder);
  for (int i = 0; i < count; ++i) {
    search::DesignRow design;
    design.hash = fmt::format("{:016x}", i);
    search::Job job;
    job.position = i;
    job.hash = design.hash;
    job.to_epoch = job.horizon = 3;
    ledger->add_job(job, design);
  }
}

/// One process: takes jobs until none is left, then, when all have, commits them.
void work(const std::filesystem::path& folder, const Pipe& begin, const Pipe& done,
          const Pipe& commit) {
  const auto ledger = search::open_ledger(folder);
  const std::string name = std::to_string(::getpid());
  std::vector<search::Claim> claims;
  done.send(1);
  begin.receive(1);
  while (auto claim = ledger->claim(name, 1, 0)) claims.push_back(std::move(*claim));
  done.send(1);
  commit.receive(1);
  for (const search::Claim& claim : claims)
    if (!ledger->commit(claim, result())) ::_exit(2);
  done.send(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const std::filesystem::path folder = argv[1];
  const int processes = std::stoi(argv[2]), jobs = std::stoi(argv[3]);
  search::create_ledger(folder, {}, argc > 4 ? argv[4] : "");
  add_jobs(folder, jobs);
  const Pipe begin, done, commit;
  for (int i = 0; i < processes; ++i)
    if (::fork() == 0) {
      work(folder, begin, done, commit);
      ::_exit(0);
    }
  const auto seconds_of = [&](const Pipe& start) {
    done.receive(processes);
    const Clock::time_point from = Clock::now();
    start.send(processes);
    return from;
  };
  const Clock::time_point claiming = seconds_of(begin), committing = seconds_of(commit);
  done.receive(processes);
  const auto rate = [&](Clock::time_point from, Clock::time_point to) {
    return jobs / std::chrono::duration<double>(to - from).count();
  };
  fmt::print("{} processes: {:.0f} claims/s, {:.0f} commits/s\n", processes,
             rate(claiming, committing), rate(committing, Clock::now()));
  bool is_well = true;
  for (int status = 0; ::wait(&status) > 0;) is_well &= status == 0;
  return is_well ? 0 : 1;
}
