#pragma once
// Ledgers for tests: the promises of search/ledger/ledger.hpp are tested on every database.

#include <filesystem>
#include <memory>
#include <string>

#include "search/ledger/open_ledger.hpp"

namespace atto::test {

/// A database and what no call of its ledgers does: time passes, machines start again.
struct TestedDatabase {
  const char* name;
  const search::LedgerDatabase* database;
  /// Gives all claims this mark of a process, and a lease to this time of the machine's clock.
  void (*set_claims)(const std::filesystem::path& folder, const std::string& process,
                     std::int64_t lease_until);
  /// Lets the pause end at this time of the machine's clock.
  void (*set_pause)(const std::filesystem::path& folder, std::int64_t until);
};
extern const TestedDatabase kTestedSqlite;

/// A folder with an empty ledger. A test case that has one runs once for each database.
class LedgerFolder {
 public:
  LedgerFolder();
  ~LedgerFolder();
  /// Another connection.
  std::unique_ptr<search::Ledger> open(
      search::Ledger::Access access = search::Ledger::Access::Write) const;
  void set_claims(const std::string& process, std::int64_t lease_until) const;
  void set_pause(std::int64_t until) const;

 private:
  const TestedDatabase& tested_;
  std::filesystem::path path_;
};

}  // namespace atto::test
