#pragma once
// Named points at which a process can be made to die, so that tests kill it where it hurts.

#include <map>
#include <string>
#include <string_view>

namespace atto::search {

/// Reads ATTO_FAULT, e.g. "after_claim:3,before_commit:2": the process sends itself SIGKILL at that
/// pass of that point, or at the next pass that is not spared; "after_claim:1!" spares none.
/// "after_claim:1?" stops it there, once: it goes on when it is sent SIGCONT.
/// Without the variable every pass is free. Points of workers: after_claim, mid_epoch, after_epoch,
/// before_commit, after_commit. Of the coordinator: after_propose, before_spawn, before_cycle,
/// after_cycle, before_steering, after_steering, before_latency (measured, not stored),
/// after_latency (stored, not used), before_finalists, after_finalist, before_winner.
class Faults {
 public:
  Faults();
  explicit Faults(std::string_view text);
  void pass(std::string_view point, bool is_spared = false);

 private:
  struct Fault {
    long left = 0;
    bool spares = true, stops = false;
  };
  std::map<std::string, Fault, std::less<>> faults_;
};

}  // namespace atto::search
