#include "search/ledger/sqlite/database.hpp"

#include "search/ledger/sqlite/ledger.hpp"
#include "search/ledger/sqlite/network_disks.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "ledger.db";

void expect_room(const fs::path& folder, const std::string& /*url*/) {
  refuse_network_disk(folder);
}

void create(const fs::path& folder, const std::string& /*url*/,
            const std::function<void(Ledger&)>& fill) {
  SqliteLedger::create(folder / kFile, fill);
}

std::unique_ptr<Ledger> open(const fs::path& folder, Ledger::Access access) {
  return std::make_unique<SqliteLedger>(folder / kFile, access);
}

}  // namespace

const LedgerDatabase kSqliteDatabase = {kFile, "SQLite format 3", "", expect_room, create, open};

}  // namespace atto::search
