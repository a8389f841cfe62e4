#pragma once
// A campaign of the tests whose workers a real Slurm starts.

#include <cstdint>
#include <string>

#include "tests/search/slurm/slurm_cluster.hpp"

namespace atto::test {

/// A campaign of 16 workers on two nodes that lasts some seconds, in the folder `run`. The first
/// thing that it does is to run the same campaign with one worker on this machine.
struct SlurmCampaign {
  /// `ledger`: the URL of a database; empty: a file. `controller`: SlurmCluster's.
  explicit SlurmCampaign(std::string ledger = "", const std::string& controller = "");
  ~SlurmCampaign();

  void start(nlohmann::json profile = nlohmann::json::object(),
             const std::string& epoch_seconds = "1");
  /// Starts a coordinator with these arguments.
  void go(const std::string& arguments, const std::string& epoch_seconds);
  /// Jobs that are done; -1 before there is a ledger.
  std::int64_t done() const;
  /// Waits until so many jobs are done, for a minute at most.
  void wait_until(std::int64_t count) const;
  std::string log() const { return read_text(scratch / "log"); }
  /// The campaign ends with the leaderboard that is expected, and says what happened meanwhile.
  void check_end(const std::string& said = "");

  SlurmCluster cluster;
  const Scratch& scratch = cluster.scratch;
  nlohmann::json expected;
  int process = 0;

 private:
  std::string ledger_;
};

}  // namespace atto::test
