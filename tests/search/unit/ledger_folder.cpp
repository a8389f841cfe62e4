#include "tests/search/unit/ledger_folder.hpp"

#include <unistd.h>

namespace atto::test {

namespace fs = std::filesystem;

LedgerFolder::LedgerFolder()
    : path_(fs::temp_directory_path() / ("atto a ledger " + std::to_string(::getpid()))) {
  fs::remove_all(path_);
  fs::create_directories(path_);
  kTestedDatabase.database->create(path_, kTestedDatabase.url(), {});
}

LedgerFolder::~LedgerFolder() {
  fs::remove_all(path_);
}

std::unique_ptr<search::Ledger> LedgerFolder::open(search::Ledger::Access access) const {
  return kTestedDatabase.database->open(path_, access);
}

void LedgerFolder::set_claims(const std::string& process, std::int64_t lease_until) const {
  kTestedDatabase.set_claims(path_, process, lease_until);
}

void LedgerFolder::set_pause(std::int64_t until) const {
  kTestedDatabase.set_pause(path_, until);
}

}  // namespace atto::test
