// Kills at random times, from outside: the slow companion of kills_test.cpp.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "design_specs/seeds/random.hpp"
#include "tests/search/process/process.hpp"

using namespace atto;
using namespace atto::test;
using nlohmann::json;

namespace {

constexpr const char* kSlowEpochs = "ATTO_FAKE_EPOCH_SECONDS=0.08";

/// Children of a process, from /proc.
std::vector<int> children_of(int process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/task/" + std::to_string(process) +
                   "/children");
  std::vector<int> children;
  for (int child = 0; in >> child;) children.push_back(child);
  return children;
}

}  // namespace

TEST_CASE("Processes killed at 25 random times change nothing") {
  const Scratch scratch;
  const std::string flags = " --evaluator fake --workers 2 --candidates 80";
  REQUIRE(run_atto(scratch, "search " + tiny_spec() + flags + " --out calm").code == 0);
  spec::Random random(11);
  int kills = 0, status = 0;
  int process = start_atto(scratch, "search " + tiny_spec() + flags + " --out run", kSlowEpochs);
  const auto pause = [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(150 + random.below(300)));
  };
  pause();
  while (kills < 25) {
    pause();
    if (::waitpid(process, &status, WNOHANG) == process) break;
    const std::vector<int> workers = children_of(process);
    const bool hits_worker = random.below(4) != 0 && !workers.empty();
    ::kill(hits_worker ? workers[random.below(workers.size())] : process, SIGKILL);
    ++kills;
    if (hits_worker) continue;
    ::waitpid(process, &status, 0);
    process = start_atto(scratch, "resume run --workers 2", kSlowEpochs);
  }
  ::waitpid(process, &status, 0);
  INFO(read_text(scratch / "log"));
  CHECK(kills == 25);
  REQUIRE(run_atto(scratch, "resume run --workers 2").code == 0);
  CHECK(boards_of(scratch, scratch / "run") == boards_of(scratch, scratch / "calm"));
}
