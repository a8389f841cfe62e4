// Campaigns whose workers Slurm starts, with their ledger in PostgreSQL, both real.
#include <fmt/format.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "tests/search/cluster/server.hpp"
#include "tests/search/slurm/slurm_campaign.hpp"

using namespace atto::test;

namespace {

std::string in_ledger(const SlurmCampaign& campaign, const std::string& query) {
  return run_in_schema(campaign.scratch / "run", query);
}

}  // namespace

TEST_CASE("Slurm and PostgreSQL with 16 workers give the leaderboard of one worker and a file") {
  SlurmCampaign campaign(server().url());
  campaign.start({}, "0.5");
  campaign.wait_until(4);
  const auto slurm = printed(campaign.scratch, "status run --json").at("slurm");
  CHECK(slurm.at("name").get<std::string>().starts_with("atto-tiny-"));
  campaign.check_end();
  CHECK(in_ledger(campaign, "SELECT COUNT(*) FROM jobs WHERE worker NOT LIKE 'slurm-%'") == "0\n");
  CHECK(in_ledger(campaign, "SELECT MAX(attempt) FROM jobs") == "1\n");
}

TEST_CASE("Server, node and coordinator die in one campaign, and nothing changes", "[.slow]") {
  SlurmCampaign campaign(server().url());
  campaign.start();
  campaign.wait_until(4);
  campaign.cluster.lose_node("n2");
  server().crash();
  std::this_thread::sleep_for(std::chrono::seconds(2));
  server().start();
  campaign.cluster.start_node("n2");
  campaign.wait_until(10);
  ::kill(campaign.process, SIGKILL);
  wait_for(campaign.process, 5);
  campaign.go("resume run", "0.5");
  campaign.check_end();
}

TEST_CASE("A coordinator that is itself a job of Slurm is started again when its node is lost",
          "[.slow]") {
  SlurmCampaign campaign(server().url());
  const SlurmCluster& cluster = campaign.cluster;
  write_text(campaign.scratch / "cluster.json", R"({ "format": 1, "workers": 6 })");
  // As docs/cluster.md has it.
  write_text(campaign.scratch / "coordinator.sh",
             fmt::format("#!/bin/sh\ncd '{0}'\n"
                         "[ ! -e run/ledger.url ] || exec {1}/atto resume run\n"
                         "exec {1}/atto search spec.json --evaluator fake --ledger {2} "
                         "--slurm cluster.json --out run\n",
                         (campaign.scratch / "").string(), ATTO_BIN_DIR, server().url()));
  const std::string coordinator = "atto-coordinator";
  const std::string job = cluster.shell(fmt::format(
      "ATTO_FAKE_EPOCH_SECONDS=0.5 sbatch --parsable --requeue --job-name={} --open-mode=append "
      "--output='{}' '{}'",
      coordinator, (campaign.scratch / "log").string(),
      (campaign.scratch / "coordinator.sh").string()));
  INFO(job);
  campaign.wait_until(4);
  const std::string node = cluster.shell("squeue --noheader --format=%N --name=" + coordinator);
  CHECK(node.size() == 3);
  const std::string found = "pgrep -f '^[^ ]*atto search spec.json .*" + server().url() + "'";
  CHECK(cluster.shell(found + " | wc -l") == "1\n");
  cluster.lose_node(node.substr(0, 2));
  cluster.shell("for p in $(" + found + "); do kill -9 $(ps -o ppid= -p $p) $p; done");
  std::this_thread::sleep_for(std::chrono::seconds(2));
  cluster.start_node(node.substr(0, 2));
  const auto state = [&] { return printed(campaign.scratch, "status run --json").at("state"); };
  for (int i = 0; i < 240 && state() != "finished"; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  INFO(campaign.log());
  CHECK(state() == "finished");
  CHECK(boards_of(campaign.scratch, campaign.scratch / "run") == campaign.expected);
  CHECK(campaign.log().find("rank  design") != std::string::npos);
}

#ifdef ATTO_HAS_TRAINER
TEST_CASE("Real training through Slurm and PostgreSQL gives the digest of one worker and a file",
          "[.slow]") {
  const SlurmCluster cluster(2, 2);
  const Scratch& scratch = cluster.scratch;
  const std::string search = "search " + tiny_spec() + " --device cpu --candidates 4 --out ";
  const Ended calm = run_atto(scratch, search + "calm --workers 1");
  INFO(calm.err);
  REQUIRE(calm.code == 0);
  write_text(scratch / "cluster.json", R"({ "format": 1, "workers": 4 })");
  const Ended ended =
      run_atto(scratch, search + "run --slurm cluster.json --ledger " + server().url(),
               cluster.environment());
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const auto boards = boards_of(scratch, scratch / "run");
  CHECK(boards == boards_of(scratch, scratch / "calm"));
  CHECK(run_in_schema(scratch / "run",
                      "SELECT COUNT(*) FROM jobs WHERE worker NOT LIKE 'slurm-%'") == "0\n");
  CHECK(std::filesystem::exists(scratch / "run/winner/weights.safetensors"));
  WARN("digest " << boards.at(0).at("digest"));
}
#endif
