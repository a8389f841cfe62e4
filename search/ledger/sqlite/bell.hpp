#pragma once
// The bell of a file: the kernel tells who watches it.

#include <filesystem>

#include "search/ledger/ledger.hpp"

namespace atto::search {

/// Rings for those who wait: touches the ledger's file, which SQLite never does.
void ring_bell(const std::filesystem::path& ledger);

class FileBell final : public Bell {
 public:
  /// Listens from here on. Where the system has no more watches it stays silent, and only time
  /// passes.
  explicit FileBell(const std::filesystem::path& ledger);
  ~FileBell() override;
  bool wait(int milliseconds) override;

 private:
  int descriptor_;
};

}  // namespace atto::search
