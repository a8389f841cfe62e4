#pragma once
// How idle workers hear that the ledger holds something for them, without asking it again and
// again.

#include <filesystem>

namespace atto::search {

/// Rings for those who wait: touches the ledger's file, which SQLite never does.
void ring_bell(const std::filesystem::path& ledger);

class LedgerBell {
 public:
  /// Listens from here on. Where the system has no more watches it stays silent, and only time
  /// passes.
  explicit LedgerBell(const std::filesystem::path& ledger);
  ~LedgerBell();
  LedgerBell(const LedgerBell&) = delete;
  LedgerBell& operator=(const LedgerBell&) = delete;
  /// Waits so long at most; returns whether it rang since the last call.
  bool wait(int milliseconds);

 private:
  int descriptor_;
};

}  // namespace atto::search
