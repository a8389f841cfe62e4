// atto search --slurm: what is printed, kept and refused before anything is handed to Slurm.
#include <catch2/catch.hpp>

#include "tests/search/process/process.hpp"
#include "tests/search/slurm/fake_slurm.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

const std::string kProfile = R"({ "format": 1, "workers": 16, "partition": "cpu" })";

std::string start(const std::string& more) {
  return "search " + tiny_spec() + " --evaluator fake --out run " + more;
}

}  // namespace

TEST_CASE("A dry run prints the job script, needs no Slurm and makes nothing") {
  const Scratch scratch;
  write_text(scratch / "cluster.json", kProfile);
  const Ended text = run_atto(scratch, start("--slurm cluster.json --dry-run"));
  INFO(text.err);
  CHECK(text.code == 0);
  CHECK(text.out.find("\n#SBATCH --partition=cpu\n") != std::string::npos);
  CHECK(text.out.find("with 16 workers") != std::string::npos);
  CHECK(text.out.find("\nsubmitted as: sbatch --parsable --array=1-16 ") != std::string::npos);
  CHECK(text.err.find("/search/window: only 4 of 16 workers search at once") != std::string::npos);
  const Ended as_json =
      run_atto(scratch, start("--slurm cluster.json --workers 3 --dry-run --json"));
  const json plan = json::parse(as_json.out);
  CHECK(plan.at("workers") == 3);
  CHECK(plan.at("slurm").at("submit").at(2) == "--array=1-3");
  CHECK_FALSE(std::filesystem::exists(scratch / "run"));
}

TEST_CASE("What is no profile is refused by what it is") {
  const Scratch scratch;
  write_text(scratch / "bad.json", R"({ "format": 1, "partition": "a b" })");
  const Ended bad = run_atto(scratch, start("--slurm bad.json"));
  CHECK(bad.code == 2);
  CHECK(bad.err.find("bad.json:1:29: /partition: must be one word") != std::string::npos);
  const Ended spec = run_atto(scratch, start("--slurm " + tiny_spec()));
  CHECK(spec.code == 2);
  CHECK(spec.err.find("is a design spec") != std::string::npos);
  CHECK(run_atto(scratch, start("--slurm nowhere.json")).code == 4);
  write_text(scratch / "cluster.json", kProfile);
  const Ended check = run_atto(scratch, "search cluster.json");
  CHECK(check.code == 2);
  CHECK(check.err.find("is the profile of a cluster, for atto search --slurm") !=
        std::string::npos);
}

TEST_CASE("Workers of other machines cannot share a ledger that is a file of this one") {
  const Scratch scratch;
  write_text(scratch / "cluster.json", kProfile);
  const FakeSlurm slurm(scratch / "bin");
  slurm.write("nodes", "cpu*|node17\ncpu*|node18\n");
  const Ended ended = run_atto(scratch, start("--slurm cluster.json"));
  CHECK(ended.code == 4);
  CHECK(ended.err.find("workers on other machines (node17, ...) cannot share a ledger that is a "
                       "file of this one: give --ledger") != std::string::npos);
  CHECK(slurm.calls("sbatch") == 0);
}

TEST_CASE("While Slurm is away no campaign begins or goes on, but on this machine it does") {
  const Scratch scratch;
  write_text(scratch / "cluster.json", kProfile);
  const FakeSlurm slurm(scratch / "bin");
  slurm.write("sinfo.fails", "slurm_load_partitions: Unable to contact slurm controller\n");
  const Ended away = run_atto(scratch, start("--slurm cluster.json"));
  CHECK(away.code == 4);
  CHECK(away.err.find("Slurm does not answer: slurm_load_partitions: Unable to contact slurm "
                      "controller\n") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(scratch / "run"));
  REQUIRE(run_atto(scratch, start(""), "ATTO_FAULT=after_propose:3").code == 137);
  CHECK(run_atto(scratch, "resume run --slurm cluster.json").code == 4);
  CHECK(run_atto(scratch, "resume run").code == 4);
  CHECK(run_atto(scratch, "resume run --slurm none").code == 0);
  CHECK(run_atto(scratch, "search " + tiny_spec() + " --evaluator fake --out one").code == 0);
  CHECK(boards_of(scratch, scratch / "run") == boards_of(scratch, scratch / "one"));
}
