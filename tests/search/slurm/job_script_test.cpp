// The job script: what Slurm and a shell are to read, whatever is in the names.
#include "search/slurm/job_script.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "design_specs/errors.hpp"
#include "search/slurm/queue.hpp"
#include "tests/search/process/process.hpp"

using namespace atto;
using namespace atto::search;

namespace {

SlurmJob some_job() {
  SlurmJob job;
  job.profile.partition = "cpu";
  job.profile.time = "08:00:00";
  job.profile.cpus = 2;
  job.profile.options = {"--qos=long"};
  job.profile.environment = {{"ATTO_DATA", "/data of 'mine'"}};
  job.profile.prolog = {"module load gcc"};
  job.name = job_name("a network; of mine with a long name", "1a2b3c4d");
  job.folder = "/shared/it's 100%";
  job.command = {"/opt/atto/atto-trainer", {"worker", "/shared/it's 100%", "--device", "cpu"}};
  return job;
}

}  // namespace

TEST_CASE("A job's name is of letters that every command of Slurm takes") {
  CHECK(some_job().name == "atto-a_network__of_mine_with_-1a2b3c4d");
}

TEST_CASE("The script asks for what the profile says and nothing else") {
  const std::string script = job_script(some_job());
  for (const char* line :
       {"#!/bin/bash\n", "#SBATCH --partition=cpu\n", "#SBATCH --time=08:00:00\n",
        "#SBATCH --cpus-per-task=2\n", "#SBATCH --qos=long\n", "#SBATCH --no-requeue\n",
        "#SBATCH --signal=B:TERM@120\n", "export OMP_NUM_THREADS='1'\n", "\nmodule load gcc\n",
        "export ATTO_DATA='/data of '\\''mine'\\'''\n"})
    CHECK(script.find(line) != std::string::npos);
  for (const char* none : {"--account", "--mem", "--gres", "--constraint"})
    CHECK(script.find(none) == std::string::npos);
}

TEST_CASE("A shell reads the script's words as they were meant") {
  const test::Scratch scratch;
  SlurmJob job = some_job();
  job.profile.prolog.clear();
  job.command.program = scratch / "say";
  test::write_text(scratch / "say", "#!/bin/sh\nprintf '<%s>' \"$@\" \"$ATTO_DATA\"\n");
  std::filesystem::permissions(scratch / "say", std::filesystem::perms::owner_all);
  test::write_text(scratch / "job.sh", job_script(job));
  const std::string run = "SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=3 bash '" +
                          (scratch / "job.sh").string() + "' >'" + (scratch / "said").string() +
                          "'";
  REQUIRE(std::system(run.c_str()) == 0);
  CHECK(test::read_text(scratch / "said") ==
        "<worker></shared/it's "
        "100%><--device><cpu><--own-cores><--patience><300><--name><slurm-7_3.0>"
        "</data of 'mine'>");
}

TEST_CASE("Logs are where the campaign looks for them, whatever the folder's name means to Slurm") {
  SlurmJob job = some_job();
  const std::vector<std::string> words = submit_words(job, 12);
  CHECK(words == std::vector<std::string>{"sbatch", "--parsable", "--array=1-12",
                                          "--output=/shared/it's 100%%/logs/slurm-%A_%a.log",
                                          "/shared/it's 100%/slurm.sh"});
  CHECK(worker_log(job, "7", "3") == "/shared/it's 100%/logs/slurm-7_3.log");
  job.folder = "/shared/back\\slash";
  CHECK_THROWS_AS(submit_words(job, 1), EnvironmentError);
}

TEST_CASE("squeue's list is read strictly") {
  const auto tasks = read_queue(
      "7|3|0|RUNNING|0|1-02:03:04|None|n7|\n7|4|1|PENDING|0|0:00|Priority||\n"
      "8|N/A|0|RUNNING|0|0:01|None|n7|\n");
  REQUIRE(tasks);
  REQUIRE(tasks->size() == 2);  // what a person submitted by hand is no worker of ours
  CHECK(tasks->at(0).id() == "7_3");
  CHECK(tasks->at(0).seconds == 93784);
  CHECK(tasks->at(1).restarts == "1");
  const QueueCounts counts = count_tasks(*tasks);
  CHECK(counts.running == 1);
  CHECK(counts.waiting == 1);
  CHECK(counts.reason == "Priority");
  CHECK(read_queue("")->empty());
  for (const char* bad :
       {"7|3|0|RUNNING|0|0:01|None|n7|", "7|3|0|RUNNING|0|0:01|None|\n", "\n", "JOBID STATE\n",
        "x|3|0|RUNNING|0|0:01|None|n7|\n", "7|3|0|RUNNING|x|0:01|None|n7|\n",
        "7|3|0||0|0:01|None|n7|\n", "7|3|0|RUNNING|0|0:01|None|n7|more|\n",
        "slurm_load_jobs error: Unable to contact slurm controller\n"})
    CHECK_FALSE(read_queue(bad));
}
