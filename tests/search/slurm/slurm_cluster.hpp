#pragma once
// A real Slurm of a test's own, on the loopback device.

#include <string>

#include "tests/search/process/process.hpp"

namespace atto::test {

/// Starts munge, a controller and nodes n1, n2, ... of so many CPUs; stops all at the end. Where
/// Slurm is not installed the test fails with what to install. Every wait ends.
class SlurmCluster {
 public:
  /// `controller`: ATTO_SLURM_CONTROLLER of slurm.sh, where it is on another machine.
  SlurmCluster(int nodes, int cpus, std::string controller = "");
  ~SlurmCluster();
  SlurmCluster(const SlurmCluster&) = delete;
  SlurmCluster& operator=(const SlurmCluster&) = delete;

  /// "NAME=VALUE ..." for atto: which Slurm, asked every second instead of every 15.
  std::string environment() const;
  /// Runs a line of shell within this Slurm, for half a minute at most; returns what it prints.
  std::string shell(const std::string& line) const;
  /// Kills a daemon: "slurmctld", "slurmd.n2".
  void kill(const std::string& daemon) const;
  /// Kills the workers of this test whose names match, and what Slurm keeps beside each.
  void kill_workers(const std::string& names, bool with_keepers = false) const;
  /// Kills a node's daemon and all that it runs, as when its power goes.
  void lose_node(const std::string& node) const;
  void start_node(const std::string& node) const;
  void start_controller() const;

  const Scratch scratch;

 private:
  std::string script(const std::string& words) const;
  const std::string controller_;
};

}  // namespace atto::test
