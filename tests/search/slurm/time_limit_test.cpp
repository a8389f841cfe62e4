// Slurm's shortest time limit is a minute: workers give back what they have before it ends, and
// others take their places.
#include <catch2/catch.hpp>

#include "tests/search/slurm/slurm_cluster.hpp"

using namespace atto::test;
using nlohmann::json;

TEST_CASE("Workers that reach their time give back what they have, and no trial fails") {
  const SlurmCluster cluster(1, 4);
  const Scratch& scratch = cluster.scratch;
  const std::string search = "search " + tiny_spec() + " --evaluator fake --candidates 12 --out ";
  REQUIRE(run_atto(scratch, search + "local --workers 1").code == 0);
  write_text(scratch / "cluster.json",
             R"({ "format": 1, "workers": 2, "time": "00:01:00", "grace": 30 })");
  const int process = start_atto(scratch, search + "run --slurm cluster.json",
                                 cluster.environment() + "ATTO_FAKE_EPOCH_SECONDS=4");
  CHECK(wait_for(process, 400) == 0);
  INFO(read_text(scratch / "log"));
  CHECK(boards_of(scratch, scratch / "run") == boards_of(scratch, scratch / "local"));
  const json status = json::parse(run_atto(scratch, "status run --json").out);
  CHECK(status.at("jobs").at("failed") == 0);
  CHECK(read_text(scratch / "log").find("was asked to end, and gave back what it had") !=
        std::string::npos);
}
