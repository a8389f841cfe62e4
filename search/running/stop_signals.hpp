#pragma once
// Interrupts as values: SIGINT and SIGTERM are blocked and read from a descriptor, so no handler
// and no global flag is needed.

namespace atto::search {

/// Blocks SIGINT and SIGTERM (and SIGCHLD where asked) for this thread and those it starts later;
/// make it first thing in main. Restores the mask at the end.
class StopSignals {
 public:
  explicit StopSignals(bool with_children = false);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Waits up to `milliseconds` for a signal and returns its number, or 0. One thread at a time.
  int wait(int milliseconds);

 private:
  struct Mask;
  Mask* before_;
  int descriptor_;
};

}  // namespace atto::search
