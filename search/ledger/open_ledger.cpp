#include "search/ledger/open_ledger.hpp"

#include <algorithm>
#include <chrono>

#include "search/ledger/sqlite/database.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

/// The first is what new ledgers are kept in.
const LedgerDatabase* const kDatabases[] = {&kSqliteDatabase};

const LedgerDatabase* find_database(const fs::path& folder) {
  std::error_code ignored;
  for (const LedgerDatabase* database : kDatabases)
    if (fs::exists(folder / database->file, ignored)) return database;
  return nullptr;
}

}  // namespace

std::string ledger_in(const fs::path& folder) {
  const LedgerDatabase* database = find_database(folder);
  return database ? database->file : "";
}

bool is_ledger(std::string_view start) {
  return std::any_of(
      std::begin(kDatabases), std::end(kDatabases),
      [&](const LedgerDatabase* database) { return start.starts_with(database->start); });
}

void expect_room_for_ledger(const fs::path& folder) {
  kDatabases[0]->expect_room(folder);
}

void create_ledger(const fs::path& folder, const std::function<void(Ledger&)>& fill) {
  kDatabases[0]->create(folder, fill);
}

std::unique_ptr<Ledger> open_ledger(const fs::path& folder, Ledger::Access access) {
  const LedgerDatabase* found = find_database(folder);
  return (found ? found : kDatabases[0])->open(folder, access);
}

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace atto::search
