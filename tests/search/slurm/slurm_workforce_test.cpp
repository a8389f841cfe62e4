// Workers that Slurm starts, with commands that answer what a test says: their number is kept up,
// and each end is told for what it was.
#include "search/slurm/slurm_workforce.hpp"

#include <signal.h>

#include <catch2/catch.hpp>
#include <thread>

#include "design_specs/errors.hpp"
#include "search/running/stop_signals.hpp"
#include "tests/search/process/process.hpp"
#include "tests/search/slurm/fake_slurm.hpp"

using namespace atto;
using namespace atto::search;
using std::chrono::milliseconds;

namespace {

/// A campaign of two workers and the commands that it meets.
struct Rig {
  test::Scratch scratch;
  test::FakeSlurm slurm{scratch / "bin"};
  SlurmJob job;
  std::vector<EndedWorker> ended;
  std::vector<std::string> notes;
  int open_jobs = 100;

  Rig() {
    job.profile.workers = 2;
    job.name = "atto-test-1";
    job.folder = scratch / "run";
    std::filesystem::create_directories(job.folder / "logs");
  }

  SlurmPace pace() const { return {milliseconds(20), milliseconds(10), milliseconds(40), kLimit}; }

  /// Runs the workforce as a coordinator does until `is_true`, for so many turns at most.
  template <class Condition>
  bool turns(SlurmWorkforce& force, Condition&& is_true, int most = 4000) {
    for (int i = 0; i < most; ++i) {
      for (EndedWorker& one : force.reap()) ended.push_back(std::move(one));
      for (std::string& note : force.take_notes()) notes.push_back(std::move(note));
      if (is_true()) return true;
      force.fill(milliseconds(0), [&] { return open_jobs; });
      std::this_thread::sleep_for(milliseconds(5));
    }
    return false;
  }

  int calls(const std::string& command) const { return slurm.calls(command); }

  static constexpr milliseconds kLimit{20000};
};

/// One worker of the first array as squeue tells it.
std::string line(int task, const std::string& state, const std::string& status = "0",
                 const std::string& time = "0:05", const std::string& host = "n1",
                 const std::string& array = "101") {
  return array + "|" + std::to_string(task) + "|0|" + state + "|" + status + "|" + time + "|None|" +
         host + "|\n";
}

}  // namespace

TEST_CASE("Missing workers are handed to Slurm in one array, as many as there is work for") {
  Rig rig;
  rig.job.profile.workers = 5;
  rig.open_jobs = 3;
  SlurmWorkforce force(rig.job, rig.pace());
  REQUIRE(rig.turns(force, [&] { return rig.calls("sbatch") == 1; }));
  REQUIRE(rig.turns(force, [&] { return rig.calls("squeue") >= 4; }));
  CHECK(rig.calls("sbatch") == 1);
  CHECK(rig.slurm.read("asked").find("--array=1-3 ") != std::string::npos);
  CHECK(force.names().empty());  // none runs
  rig.open_jobs = 100;
  REQUIRE(rig.turns(force, [&] { return rig.calls("sbatch") == 2; }));
  CHECK(rig.slurm.read("asked").find("--array=1-2 ") != std::string::npos);
  CHECK(rig.notes.empty());
}

TEST_CASE("No more workers are handed to Slurm than the profile's max_submit") {
  Rig rig;
  rig.job.profile.workers = 50;
  rig.job.profile.max_submit = 4;
  SlurmWorkforce force(rig.job, rig.pace());
  const int before = rig.calls("squeue");
  REQUIRE(rig.turns(force, [&] { return rig.calls("squeue") >= before + 6; }));
  CHECK(rig.calls("sbatch") == 1);
  CHECK(rig.slurm.read("asked").find("--array=1-4 ") != std::string::npos);
}

TEST_CASE("Workers of an earlier coordinator are this one's") {
  Rig rig;
  rig.slurm.write("queue", line(1, "RUNNING") + line(2, "RUNNING") + line(3, "FAILED", "9"));
  SlurmWorkforce force(rig.job, rig.pace());
  REQUIRE(rig.turns(force, [&] { return rig.calls("squeue") >= 3; }));
  CHECK(rig.calls("sbatch") == 0);
  CHECK(force.names() == std::vector<std::string>{"slurm-101_1.0", "slurm-101_2.0"});
  CHECK(rig.ended.empty());  // what ended before was told before
}

TEST_CASE("An end is told by what ended the worker: its trial, or the world") {
  struct Row {
    const char* state;
    const char* status;
    bool is_fault;
    const char* text;
  };
  const Row row = GENERATE(values<Row>({
      {"NODE_FAIL", "0", false, "NODE_FAIL on n1"},
      {"PREEMPTED", "0", false, "PREEMPTED on n1"},
      {"TIMEOUT", "0", false, "TIMEOUT on n1"},
      {"CANCELLED", "15", false, "CANCELLED on n1"},
      {"BOOT_FAIL", "0", false, "BOOT_FAIL on n1"},
      {"FAILED", "33280", false, "was asked to end, and gave back what it had"},
      {"FAILED", "130:0", false, "was asked to end, and gave back what it had"},
      {"FAILED", "11", true, "killed by signal 11 (Segmentation fault)"},
      {"FAILED", "256", true, "exit code 1: the last word"},
      {"FAILED", "1024", false, "exit code 4: the last word"},
      {"OUT_OF_MEMORY", "0", true, "killed by signal 9 (Killed): OUT_OF_MEMORY"},
  }));
  Rig rig;
  rig.slurm.write("queue", line(1, "RUNNING") + line(2, "RUNNING"));
  SlurmWorkforce force(rig.job, rig.pace());
  REQUIRE(rig.turns(force, [&] { return force.running() == 2; }));
  test::write_text(rig.job.folder / "logs/slurm-101_1.log", "a word\nthe last word\n");
  rig.slurm.write("queue", line(1, row.state, row.status) + line(2, "RUNNING"));
  REQUIRE(rig.turns(force, [&] { return !rig.ended.empty(); }));
  INFO(row.state << " " << row.status);
  REQUIRE(rig.ended.size() == 1);
  CHECK(rig.ended[0].name == "slurm-101_1.0");
  CHECK(rig.ended[0].text() == row.text);
  CHECK(rig.ended[0].is_fault_of_trial() == row.is_fault);
  // And another is handed to Slurm.
  REQUIRE(rig.turns(force, [&] { return rig.calls("sbatch") == 1; }));
  CHECK(rig.slurm.read("asked").find("--array=1-1 ") != std::string::npos);
  CHECK(rig.ended.size() == 1);
}

TEST_CASE("One that left in peace is not mentioned, one that Slurm forgot is nobody's fault") {
  Rig rig;
  rig.slurm.write("queue", line(1, "RUNNING") + line(2, "RUNNING"));
  SlurmWorkforce force(rig.job, rig.pace());
  REQUIRE(rig.turns(force, [&] { return force.running() == 2; }));
  rig.open_jobs = 0;
  test::write_text(rig.job.folder / "logs/slurm-101_1.log", "");
  rig.slurm.write("queue", line(1, "COMPLETED"));
  REQUIRE(rig.turns(force, [&] { return !rig.ended.empty(); }));
  REQUIRE(rig.ended.size() == 1);
  CHECK(rig.ended[0].name == "slurm-101_2.0");
  CHECK_FALSE(rig.ended[0].is_fault_of_trial());
  CHECK_FALSE(std::filesystem::exists(rig.job.folder / "logs/slurm-101_1.log"));
}

TEST_CASE("Failed starts on one host in one array count once, elsewhere again") {
  Rig rig;
  const std::string minutes = "2:00";
  rig.job.profile.workers = 4;
  std::string queue;
  for (int task = 1; task <= 4; ++task) queue += line(task, "RUNNING");
  rig.slurm.write("queue", queue);
  SlurmWorkforce force(rig.job, rig.pace());
  REQUIRE(rig.turns(force, [&] { return force.running() == 4; }));
  rig.slurm.write("queue", line(1, "FAILED", "1024") + line(2, "FAILED", "32512") +
                               line(3, "FAILED", "1024", "0:01", "n2") +
                               line(4, "FAILED", "1024", minutes));
  REQUIRE(rig.turns(force, [&] { return rig.ended.size() == 4; }));
  CHECK(rig.ended[0].start == rig.ended[1].start);
  CHECK(rig.ended[0].start != rig.ended[2].start);
  CHECK(rig.ended[0].is_failed_start());
  CHECK(rig.ended[1].is_failed_start());
  CHECK_FALSE(rig.ended[3].is_failed_start());  // it worked for a while
}

TEST_CASE("While Slurm does not answer nothing is started, and it is said once") {
  Rig rig;
  rig.slurm.write("queue", line(1, "RUNNING"));
  SlurmWorkforce force(rig.job, rig.pace());
  const auto how = GENERATE(as<std::string>{}, "squeue.fails", "squeue.says");
  REQUIRE(rig.turns(force, [&] { return force.running() == 1; }));
  rig.slurm.write(how, "slurm_load_jobs error: Unable to contact slurm controller\n");
  REQUIRE(rig.turns(force, [&] { return !rig.notes.empty(); }));
  const int before = rig.calls("squeue"), submitted = rig.calls("sbatch");
  rig.ended.clear();  // what it submitted while it was answered is not in this list
  REQUIRE(rig.turns(force, [&] { return rig.calls("squeue") >= before + 3; }));
  CHECK(rig.calls("sbatch") == submitted);
  CHECK(rig.notes ==
        std::vector<std::string>{how == "squeue.fails"
                                     ? "Slurm does not answer: slurm_load_jobs error: Unable to "
                                       "contact slurm controller; what runs goes on"
                                     : "Slurm does not answer: squeue's list has an unknown form; "
                                       "what runs goes on"});
  CHECK(rig.ended.empty());
  CHECK(force.names().size() >= 1);
  rig.slurm.remove(how);
  REQUIRE(rig.turns(force, [&] { return rig.notes.size() == 2; }));
  CHECK(rig.notes.back() == "Slurm answers again");
}

TEST_CASE("A command that hangs is killed, and the coordinator never waits for it") {
  Rig rig;
  SlurmPace pace = rig.pace();
  pace.limit = milliseconds(100);
  rig.slurm.write("squeue.hangs", "");
  SlurmWorkforce force(rig.job, pace);
  REQUIRE(rig.turns(force, [&] { return !rig.notes.empty(); }));
  CHECK(rig.notes[0] == "Slurm does not answer: no answer in time; what runs goes on");
}

TEST_CASE("What sbatch refuses for good ends the campaign before it began, a full queue does not") {
  Rig rig;
  SlurmWorkforce force(rig.job, rig.pace());
  SECTION("for good") {
    rig.slurm.write("sbatch.fails",
                    "sbatch: error: Batch job submission failed: Invalid "
                    "partition name specified\n");
    CHECK_THROWS_WITH(rig.turns(force, [] { return false; }),
                      "Slurm takes no workers: sbatch: error: Batch job submission failed: "
                      "Invalid partition name specified");
    CHECK(rig.calls("sbatch") == 3);
  }
  SECTION("for now") {
    rig.slurm.write("sbatch.fails",
                    "sbatch: error: Batch job submission failed: Job violates "
                    "accounting/QOS policy (job submit limit)\n");
    REQUIRE(rig.turns(force, [&] { return rig.calls("sbatch") >= 5; }));
    CHECK(rig.notes.size() == 1);
    rig.slurm.remove("sbatch.fails");
    rig.slurm.write("asked", "");
    REQUIRE(rig.turns(force, [&] { return rig.calls("squeue") >= 9; }));
    // Half as many at a time where so many were refused, then all.
    CHECK(rig.slurm.read("asked").find("--array=1-1 ") != std::string::npos);
    CHECK(rig.calls("sbatch") == 2);
  }
}

TEST_CASE("A number that sbatch does not say is looked up in the list") {
  Rig rig;
  rig.slurm.write("sbatch.says", "Submitted batch job 101\n");
  SlurmWorkforce force(rig.job, rig.pace());
  REQUIRE(rig.turns(force, [&] { return rig.calls("sbatch") == 1; }));
  rig.slurm.write("queue", line(1, "PENDING", "0", "0:00", "") + line(2, "RUNNING"));
  REQUIRE(rig.turns(force, [&] { return force.running() == 1; }));
  const int before = rig.calls("squeue");
  REQUIRE(rig.turns(force, [&] { return rig.calls("squeue") >= before + 3; }));
  CHECK(rig.calls("sbatch") == 1);
}

TEST_CASE("Without Slurm's commands a campaign does not begin") {
  Rig rig;
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  SlurmWorkforce force(rig.job, rig.pace());
  try {
    force.reap();
    FAIL("it began");
  } catch (const EnvironmentError& error) {
    CHECK(std::string(error.what()) ==
          "cannot start: No such file or directory: squeue: Slurm's commands must be in PATH");
  }
  ::setenv("PATH", path.c_str(), 1);
}

TEST_CASE("At the end all are cancelled, and each is told of") {
  Rig rig;
  StopSignals signals;
  SlurmWorkforce force(rig.job, rig.pace());
  REQUIRE(rig.turns(force, [&] { return rig.calls("sbatch") == 1; }));
  REQUIRE(rig.turns(force, [&] { return rig.calls("squeue") >= 2; }));
  std::vector<std::string> names;
  force.end(SIGTERM, signals, [&](const EndedWorker& one) {
    names.push_back(one.name);
    CHECK_FALSE(one.is_fault_of_trial());
  });
  CHECK(rig.calls("scancel") == 1);
  CHECK(names == std::vector<std::string>{"slurm-101_1.0", "slurm-101_2.0"});
  CHECK(rig.slurm.read("asked").find("scancel --me --name=atto-test-1\n") != std::string::npos);
}

TEST_CASE("A workforce that is dropped cancels what it has") {
  Rig rig;
  {
    SlurmWorkforce force(rig.job, rig.pace());
    REQUIRE(rig.turns(force, [&] { return rig.calls("sbatch") == 1; }));
    REQUIRE(rig.turns(force, [&] { return rig.calls("squeue") >= 2; }));
  }
  CHECK(rig.calls("scancel") == 1);
}
