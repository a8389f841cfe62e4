// Campaigns of 16 workers that Slurm starts, with their ledger in PostgreSQL, both real.
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

TEST_CASE("Server, node and coordinator die in one campaign, and nothing changes") {
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
