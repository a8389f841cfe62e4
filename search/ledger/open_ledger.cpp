#include "search/ledger/open_ledger.hpp"

#include <algorithm>
#include <chrono>

#include "design_specs/errors.hpp"
#include "search/ledger/postgresql/database.hpp"
#include "search/ledger/sql/copy.hpp"
#include "search/ledger/sqlite/database.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

/// The first is what new ledgers are kept in where no URL is asked for.
const LedgerDatabase* const kDatabases[] = {&kSqliteDatabase, &kPostgresqlDatabase};

const LedgerDatabase* find_database(const fs::path& folder) {
  std::error_code ignored;
  for (const LedgerDatabase* database : kDatabases)
    if (fs::exists(folder / database->file, ignored)) return database;
  return nullptr;
}

const LedgerDatabase& database_of(const std::string& url) {
  for (const LedgerDatabase* database : kDatabases)
    if (database->url.empty() ? url.empty() : url.starts_with(database->url)) return *database;
  throw SpecError({{"", "--ledger", "must be postgresql://HOST/DATABASE", url}});
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

void expect_ledger_url(const std::string& url) {
  if (!url.empty()) database_of(url).expect_room({}, url);
}

void expect_room_for_ledger(const fs::path& folder, const std::string& url) {
  database_of(url).expect_room(folder, url);
}

void create_ledger(const fs::path& folder, const std::function<void(Ledger&)>& fill,
                   const std::string& url) {
  database_of(url).create(folder, url, fill);
}

std::unique_ptr<Ledger> open_ledger(const fs::path& folder, Ledger::Access access) {
  const LedgerDatabase* found = find_database(folder);
  return (found ? found : kDatabases[0])->open(folder, access);
}

std::string copy_ledger(Ledger& ledger, const fs::path& folder, const std::string& url,
                        const std::function<void(Ledger&)>& check) try {
  const LedgerDatabase& from = *find_database(folder);
  const LedgerDatabase& to = database_of(url);
  to.expect_room(folder, url);
  const fs::path making = folder / "ledger.copying";
  fs::remove_all(making);
  fs::create_directory(making);
  try {
    to.create(making, url, [&](Ledger& copy) {
      copy_rows(ledger, copy);
      check(copy);
    });
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(making, ignored);
    throw;
  }
  const fs::path was = folder / (std::string(from.file) + ".before");
  fs::rename(folder / from.file, was);
  fs::rename(making / to.file, folder / to.file);
  fs::remove_all(making);
  return was.string();
} catch (const fs::filesystem_error& error) {
  throw EnvironmentError("cannot copy the ledger", folder.string(), error.code().value());
}

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace atto::search
