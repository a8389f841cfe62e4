// Opening a ledger: to write, or as it stands where this user may only read it.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "design_specs/files.hpp"
#include "search/ledger/sql/schema.hpp"
#include "search/ledger/sqlite/connection.hpp"
#include "search/ledger/sqlite/ledger.hpp"
#include "search/ledger/sqlite/network_disks.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

/// 0 where this user may write to the ledger and make files beside it, else the error.
int refusal_to_write(const fs::path& file) {
  for (const fs::path& place : {file, folder_of(file)})
    if (::faccessat(AT_FDCWD, place.c_str(), W_OK, AT_EACCESS) != 0) return errno;
  return 0;
}

}  // namespace

SqliteLedger::SqliteLedger(const fs::path& file, Access access) : file_(file) {
  if (!fs::exists(file)) throw EnvironmentError("cannot open the ledger", file.string(), ENOENT);
  const int refusal = refusal_to_write(file);
  if (refusal != 0 && access == Access::Write)
    throw EnvironmentError("the run folder is read-only for this user, and this has to write to it",
                           file.parent_path().string(), refusal);
  if (access == Access::Write) refuse_network_disk(folder_of(file));
  refusal == 0 ? open_to_write() : open_to_read();
  // Of the transaction's reads the first fixes what all of them see.
  if (access == Access::Snapshot) connection_->guarded([&] { connection_->sql << "BEGIN"; });
}

void SqliteLedger::open_to_write() {
  connection_ = std::make_shared<SqliteConnection>(file_);
  expect_tables();
  connection_->guarded([&] {
    std::string mode;
    connection_->sql << "PRAGMA journal_mode=WAL", soci::into(mode);
    connection_->sql << "PRAGMA synchronous=NORMAL";
    // A checkpoint of the write-ahead log every 1,000 pages keeps it, and memory, small.
    connection_->sql << "PRAGMA wal_autocheckpoint=1000";
  });
  bring_up_to_date([](std::string text) { return text; });
}

void SqliteLedger::open_to_read() {
  if (!open_as_it_stands()) open_private_copy();
}

/// Reads beside processes that write. Without the index of the write-ahead log, which nobody has
/// made then, SQLite cannot; neither can this version read an earlier schema.
bool SqliteLedger::open_as_it_stands() {
  if (::faccessat(AT_FDCWD, (file_.string() + "-shm").c_str(), R_OK, AT_EACCESS) != 0) return false;
  try {
    connection_ = std::make_shared<SqliteConnection>(file_, SqliteConnection::Mode::ReadOnly);
    expect_tables();
    return meta("schema", "") == std::to_string(kLedgerSchema);
  } catch (const EnvironmentError&) {  // the copy tells what is wrong, if anything is
    return false;
  }
}

/// Nobody writes to it, or it could be opened as it stands: a copy is whole.
void SqliteLedger::open_private_copy() {
  std::string folder = (fs::temp_directory_path() / "atto-ledger-XXXXXX").string();
  if (!::mkdtemp(folder.data())) throw EnvironmentError("cannot make a folder", folder, errno);
  const fs::path copy = fs::path(folder) / file_.filename();
  try {
    for (const char* suffix : {"", "-wal"})
      if (fs::exists(file_.string() + suffix))
        spec::copy_file(file_.string() + suffix, copy.string() + suffix);
    connection_ = std::make_shared<SqliteConnection>(copy);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    throw;
  }
  file_connection().file = file_.string();
  file_connection().own_folder = folder;
  expect_tables();
  bring_up_to_date([](std::string text) { return text; });
}

SqliteConnection& SqliteLedger::file_connection() const {
  return static_cast<SqliteConnection&>(*connection_);
}

void SqliteLedger::while_locked(std::function<bool()> may_wait) {
  file_connection().may_wait = std::move(may_wait);
}

void SqliteLedger::expect_tables() {
  const int count = connection_->guarded([&] {
    int tables = 0;
    connection_->sql << "SELECT COUNT(*) FROM sqlite_master WHERE name = 'meta'",
        soci::into(tables);
    return tables;
  });
  if (count == 0)
    throw EnvironmentError(
        "the ledger has no tables: the disk filled, or the search was stopped, while it was being "
        "made, and nothing was trained; remove the file and start the search again: " +
        file_.string());
}

}  // namespace atto::search
