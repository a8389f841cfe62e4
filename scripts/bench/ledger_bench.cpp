// Prints what a ledger takes. Each commit has the rows of three epochs and of the responses of
// twenty modules.
//   ledger_bench rates FOLDER PROCESSES JOBS [URL [SERVER]]
//     claims and commits a second from so many processes, as fast as they can
//   ledger_bench load FOLDER CONNECTIONS WORKERS SECONDS URL SERVER
//     what so many workers ask whose trials take a minute, over so many connections, at times that
//     do not wait for answers; SERVER is the process id of PostgreSQL, for its CPU-seconds
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <latch>
#include <mutex>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "search/ledger/open_ledger.hpp"

namespace {

using namespace atto;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

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

/// Parent, and CPU-seconds: its own and those of the children that it waited for.
struct Process {
  int parent = 0;
  double own = 0, children = 0;
};

Process process_at(const std::filesystem::path& folder) {
  std::ifstream in(folder / "stat");
  std::string line, word;
  if (!std::getline(in, line) || line.rfind(')') == std::string::npos) return {};
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  Process process;
  double times[4] = {};
  fields >> word >> process.parent;
  for (int i = 5; i < 14; ++i) fields >> word;
  for (double& time : times) fields >> time;
  const double tick = double(::sysconf(_SC_CLK_TCK));
  process.own = (times[0] + times[1]) / tick, process.children = (times[2] + times[3]) / tick;
  return process;
}

/// CPU-seconds of a server and of all its processes so far; 0 without one.
double server_seconds(int server) {
  if (server == 0) return 0;
  const Process main = process_at("/proc/" + std::to_string(server));
  double sum = main.own + main.children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc"))
    if (const Process process = process_at(entry.path()); process.parent == server)
      sum += process.own;
  return sum;
}

double own_seconds(int whose) {
  rusage usage{};
  ::getrusage(whose, &usage);
  return double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
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

int rates(const std::filesystem::path& folder, int processes, int jobs, const std::string& url,
          int server) {
  search::create_ledger(folder, {}, url);
  add_jobs(folder, jobs);
  const Pipe begin, done, commit;
  for (int i = 0; i < processes; ++i)
    if (::fork() == 0) {
      work(folder, begin, done, commit);
      ::_exit(0);
    }
  const auto started = [&](const Pipe& start) {
    done.receive(processes);
    const std::pair now(Clock::now(), server_seconds(server));
    start.send(processes);
    return now;
  };
  const auto claiming = started(begin), committing = started(commit);
  done.receive(processes);
  const std::pair end(Clock::now(), server_seconds(server));
  bool is_well = true;
  for (int status = 0; ::wait(&status) > 0;) is_well &= status == 0;
  const auto rate = [&](const auto& from, const auto& to) {
    return jobs / Seconds(to.first - from.first).count();
  };
  fmt::print("{} processes: {:.0f} claims/s, {:.0f} commits/s", processes,
             rate(claiming, committing), rate(committing, end));
  fmt::print("; {:.2f} CPU-ms of clients a job", 1000 * own_seconds(RUSAGE_CHILDREN) / jobs);
  if (server != 0)
    fmt::print(", of the server {:.2f} a claim, {:.2f} a commit",
               1000 * (committing.second - claiming.second) / jobs,
               1000 * (end.second - committing.second) / jobs);
  fmt::print("\n");
  return is_well ? 0 : 1;
}

/// Milliseconds from when something was due until it was answered.
struct Answers {
  void add(Clock::time_point due) {
    const double ms = 1000 * Seconds(Clock::now() - due).count();
    const std::lock_guard lock(mutex);
    all.push_back(ms);
  }
  std::string text() {
    if (all.empty()) return "none";
    std::sort(all.begin(), all.end());
    const auto at = [&](double share) {
      return all[static_cast<std::size_t>(share * double(all.size() - 1))];
    };
    return fmt::format("{} (p50 {:.1f}, p99 {:.1f}, most {:.1f} ms)", all.size(), at(0.5), at(0.99),
                       all.back());
  }
  std::mutex mutex;
  std::vector<double> all;
};

constexpr double kTrialSeconds = 60, kBeatSeconds = 10;

struct Load {
  std::filesystem::path folder;
  int connections, workers;
  // For a trial's time every connection does each thing once; then it is measured.
  Clock::time_point begin{}, start{}, end{};
  std::latch ready, begun{1};  // all have logged in and claimed; start and end are known
  std::latch measured{1};      // sessions may close, which takes a server time
  Answers claims{}, renewals{}, commits{};
  std::atomic<int> committed{0}, refused{0};
};

/// One of the workers of a connection: what it does next, and when.
struct Simulated {
  Clock::time_point due, done_at;
  std::optional<search::Claim> claim;
  std::string name;
};

void act(Load& load, search::Ledger& ledger, Simulated& worker) {
  const auto later = [](Clock::time_point from, double seconds) {
    return from + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
  };
  const Clock::time_point due = worker.due;
  const auto note = [&](Answers& answers) {
    if (due >= load.start) answers.add(due);
  };
  if (!worker.claim) {
    worker.claim = ledger.claim(worker.name, 1, 0);
    note(load.claims);
    worker.done_at = later(due, kTrialSeconds);
    worker.due = worker.claim ? later(due, kBeatSeconds) : load.end;
    return;
  }
  if (due < worker.done_at) {
    ledger.renew(*worker.claim, 1);
    note(load.renewals);
    worker.due = std::min(later(due, kBeatSeconds), worker.done_at);
    return;
  }
  (ledger.commit(*worker.claim, result()) ? load.committed : load.refused)++;
  note(load.commits);
  worker.claim.reset();
}

void drive(Load& load, int connection) {
  const auto ledger = search::open_ledger(load.folder);
  std::mt19937_64 random(static_cast<std::uint64_t>(connection));
  std::vector<Simulated> workers;
  for (int i = connection; i < load.workers; i += load.connections) {
    Simulated& worker = workers.emplace_back();
    worker.name = "worker " + std::to_string(i);
    worker.claim = ledger->claim(worker.name, 1, 0);
  }
  load.ready.count_down();
  load.begun.wait();
  for (Simulated& worker : workers) {
    // Somewhere in a trial's minute, so that all rates are there from the start.
    const double phase = std::uniform_real_distribution<double>(0, kTrialSeconds)(random);
    worker.done_at = load.begin + std::chrono::duration_cast<Clock::duration>(Seconds(phase));
    worker.due = load.begin + std::chrono::duration_cast<Clock::duration>(
                                  Seconds(std::fmod(phase, kBeatSeconds)));
  }
  while (!workers.empty()) {
    auto next = std::min_element(workers.begin(), workers.end(),
                                 [](const auto& a, const auto& b) { return a.due < b.due; });
    if (next->due >= load.end) break;
    std::this_thread::sleep_until(next->due);
    act(load, *ledger, *next);
  }
  load.measured.wait();
}

int run_load(Load& load, double seconds, const std::string& url, int server) {
  search::create_ledger(load.folder, {}, url);
  add_jobs(load.folder, load.workers * (3 + static_cast<int>(seconds / kTrialSeconds)));
  const Clock::time_point login = Clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < load.connections; ++i) threads.emplace_back([&load, i] { drive(load, i); });
  load.ready.wait();
  const Seconds login_seconds = Clock::now() - login;
  load.begin = Clock::now() + std::chrono::seconds(2);
  load.start = load.begin + std::chrono::duration_cast<Clock::duration>(Seconds(kTrialSeconds));
  load.end = load.start + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
  load.begun.count_down();
  std::this_thread::sleep_until(load.start);
  const double server_before = server_seconds(server), own_before = own_seconds(RUSAGE_SELF);
  std::this_thread::sleep_until(load.end);
  const double server_cpu = server_seconds(server) - server_before;
  const double own_cpu = own_seconds(RUSAGE_SELF) - own_before;
  load.measured.count_down();
  for (std::thread& thread : threads) thread.join();
  const std::int64_t done = search::open_ledger(load.folder)->totals().done;
  const auto count = load.claims.all.size() + load.renewals.all.size() + load.commits.all.size();
  fmt::print(
      "{} workers, {} connections: all logged in and at work after {:.1f} s\n{:.0f} s: {:.0f} "
      "transactions/s\n",
      load.workers, load.connections, login_seconds.count(), seconds, double(count) / seconds);
  fmt::print("  claims {}\n  renewals {}\n  commits {}\n", load.claims.text(), load.renewals.text(),
             load.commits.text());
  fmt::print(
      "  server {:.1f} % of a core, clients {:.1f} %; committed {}, in the ledger {}, "
      "refused {}\n",
      100 * server_cpu / seconds, 100 * own_cpu / seconds, load.committed.load(), done,
      load.refused.load());
  return done == load.committed && load.refused == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto number = [&](std::size_t i) { return i < words.size() ? std::stoi(words[i]) : 0; };
  if (words.size() >= 4 && words[0] == "rates")
    return rates(words[1], number(2), number(3), words.size() > 4 ? words[4] : "", number(5));
  if (words.size() == 7 && words[0] == "load") {
    Load load{.folder = words[1],
              .connections = number(2),
              .workers = number(3),
              .ready = std::latch(number(2))};
    return run_load(load, std::stod(words[4]), words[5], number(6));
  }
  return 2;
}
