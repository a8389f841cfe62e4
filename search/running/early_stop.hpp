#pragma once
// Stopping while there is nothing to keep yet: files are read, pictures are decoded, all of it by
// code that looks at no signal.

#include <functional>
#include <thread>

#include "search/running/stop_signals.hpp"

namespace atto::search {

/// While it lives, or until cease(), a signal that asks this process to stop ends it at once.
class EarlyStop {
 public:
  /// `tell` says so to people, from another thread and past the buffers of streams, which the work
  /// may hold; it returns the exit code.
  EarlyStop(StopSignals& signals, std::function<int()> tell);

  /// From here on signals are left to the caller. May be called again.
  void cease();

 private:
  std::jthread watch_;
};

}  // namespace atto::search
