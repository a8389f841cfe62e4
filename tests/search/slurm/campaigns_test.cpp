// Campaigns whose workers a real Slurm starts: whatever dies, the leaderboard is that of a campaign
// of one worker on this machine.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "tests/search/slurm/slurm_campaign.hpp"

using namespace atto::test;
using nlohmann::json;

TEST_CASE("An array of 16 workers gives the leaderboard of one worker, and status tells of them") {
  SlurmCampaign campaign;
  campaign.start();
  campaign.wait_until(2);
  json slurm;
  for (int i = 0; i < 50 && (slurm.is_null() || slurm.at("running") == 0); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    slurm = json::parse(run_atto(campaign.scratch, "status run --json").out).at("slurm");
  }
  CHECK(slurm.at("name").get<std::string>().starts_with("atto-tiny-"));
  CHECK(slurm.at("running").get<int>() > 0);
  CHECK(run_atto(campaign.scratch, "status run").out.find("\nSlurm: ") != std::string::npos);
  campaign.check_end();
}

TEST_CASE("A worker is killed, another lives on in its place") {
  SlurmCampaign campaign;
  campaign.start();
  campaign.wait_until(4);
  campaign.cluster.kill_workers("slurm-[0-9]*_1\\.0");
  campaign.check_end("killed by signal 9");
}

TEST_CASE("Jobs that come first push workers out, which give back what they have") {
  SlurmCampaign campaign;
  campaign.start();
  campaign.wait_until(4);
  const std::string job = campaign.cluster.shell(
      "sbatch --parsable --partition=high --nodelist=n1 --ntasks=8 --output=/dev/null "
      "--wrap='sleep 3'");
  CHECK(job.find("error") == std::string::npos);
  campaign.check_end("was asked to end, and gave back what it had");
}

TEST_CASE("A node is lost with all that it runs, and comes back") {
  SlurmCampaign campaign;
  campaign.start();
  campaign.wait_until(4);
  campaign.cluster.lose_node("n2");
  std::this_thread::sleep_for(std::chrono::seconds(2));
  campaign.cluster.start_node("n2");
  campaign.check_end("worker slurm-1_");  // told by Slurm or by the ledger, as one knows it first
}

TEST_CASE("Slurm's controller is away for some seconds: what runs goes on") {
  SlurmCampaign campaign;
  campaign.start();
  campaign.wait_until(4);
  campaign.cluster.kill("slurmctld");
  std::this_thread::sleep_for(std::chrono::seconds(4));
  campaign.cluster.start_controller();
  campaign.check_end();
}

TEST_CASE("The coordinator is killed; the next one takes its workers over") {
  SlurmCampaign campaign;
  campaign.start();
  campaign.wait_until(4);
  ::kill(campaign.process, SIGKILL);
  wait_for(campaign.process, 5);
  const auto before = campaign.done();
  campaign.wait_until(before + 1);  // its workers go on
  campaign.go("resume run", "1");
  campaign.check_end();
  // None was started beside those that ran.
  CHECK(campaign.cluster.shell("squeue -h -r -t all -o %i | cut -d_ -f1 | sort -u | wc -l") <=
        "4\n");
}

TEST_CASE("A stop cancels all workers, and resume hands them to Slurm again") {
  SlurmCampaign campaign;
  campaign.start();
  campaign.wait_until(4);
  ::kill(campaign.process, SIGTERM);
  CHECK(wait_for(campaign.process, 60) == 130);
  CHECK(campaign.cluster.shell("squeue --noheader --states=PD,R").empty());
  campaign.go("resume run", "0");
  campaign.check_end();
}

TEST_CASE("No more jobs are handed to Slurm than max_submit") {
  SlurmCampaign campaign;
  campaign.start({{"max_submit", 3}}, "0.1");
  std::size_t most = 0;
  for (int i = 0; i < 40 && campaign.done() < 12; ++i) {
    const std::string jobs = campaign.cluster.shell("squeue --noheader --array --states=PD,R");
    most = std::max(most, static_cast<std::size_t>(std::count(jobs.begin(), jobs.end(), '\n')));
  }
  CHECK(most == 3);
  campaign.check_end();
}

TEST_CASE("Workers that cannot start end the campaign with their last words") {
  SlurmCampaign campaign;
  campaign.start({{"prolog", {"echo no such module >&2", "exit 127"}}});
  CHECK(wait_for(campaign.process, 120) == 4);
  campaign.process = 0;
  INFO(campaign.log());
  CHECK(campaign.log().find("workers cannot work: no such module") != std::string::npos);
  CHECK(campaign.cluster.shell("squeue --noheader --states=PD,R").empty());
}
