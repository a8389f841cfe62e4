#include "tests/search/slurm/slurm_cluster.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <sstream>

namespace atto::test {

SlurmCluster::SlurmCluster(int nodes, int cpus, std::string controller)
    : controller_(std::move(controller)) {
  // munge wants all folders above its socket to be open.
  std::filesystem::permissions(scratch / "", std::filesystem::perms(0755));
  const std::string start = script("start '" + (scratch / "slurm").string() + "' " +
                                   std::to_string(nodes) + " " + std::to_string(cpus));
  const int status = std::system(("ATTO_SLURM_CONTROLLER='" + controller_ + "' timeout 90 " +
                                  start + " >'" + (scratch / "start").string() + "' 2>&1")
                                     .c_str());
  INFO(read_text(scratch / "start"));
  REQUIRE(status == 0);
}

SlurmCluster::~SlurmCluster() {
  const std::string stop = "timeout 60 " + script("stop '" + (scratch / "slurm").string() + "'");
  if (std::system(stop.c_str()) != 0) std::abort();
}

std::string SlurmCluster::script(const std::string& words) const {
  return ATTO_SOURCE_DIR "/tests/search/slurm/slurm.sh " + words;
}

std::string SlurmCluster::environment() const {
  return "SLURM_CONF='" + (scratch / "slurm/slurm.conf").string() + "' ATTO_SLURM_SECONDS=1 ";
}

std::string SlurmCluster::shell(const std::string& line) const {
  write_text(scratch / "line", line + "\n");
  const std::string run = environment() + "timeout 30 sh '" + (scratch / "line").string() + "' >'" +
                          (scratch / "said").string() + "' 2>&1";
  [[maybe_unused]] const int ignored = std::system(run.c_str());
  return read_text(scratch / "said");
}

void SlurmCluster::kill(const std::string& daemon) const {
  shell("kill -9 $(cat '" + (scratch / "slurm").string() + "/" + daemon + ".pid')");
}

void SlurmCluster::kill_workers(const std::string& names, bool with_keepers) const {
  const std::string keeper = with_keepers ? "kill -9 $(ps -o ppid= -p $worker); " : "";
  shell("for worker in $(pgrep -f -- '" + (scratch / "").string() + ".* --name " + names +
        "$'); do " + keeper + "kill -9 $worker; done");
}

void SlurmCluster::lose_node(const std::string& node) const {
  std::istringstream jobs(
      shell("squeue --noheader --nodelist=" + node + " --states=R --format=%F_%K"));
  kill("slurmd." + node);
  for (std::string job; jobs >> job;) kill_workers("slurm-" + job + "\\.0", true);
}

void SlurmCluster::start_node(const std::string& node) const {
  shell(script("node '" + (scratch / "slurm").string() + "' " + node));
}

void SlurmCluster::start_controller() const {
  shell(script("controller '" + (scratch / "slurm").string() + "'"));
}

}  // namespace atto::test
