#pragma once
// Ledgers for tests: the promises of search/ledger/ledger.hpp are tested on every database.

#include <filesystem>
#include <memory>
#include <string>

#include "search/ledger/open_ledger.hpp"

namespace atto::test {

/// A database and what no call of its ledgers does: time passes, machines start again.
struct TestedDatabase {
  const search::LedgerDatabase* database;
  std::string (*url)();  ///< where a ledger is to be made
  bool spans_machines;
  /// Gives all claims this mark of a process, and a lease to this time of the machine's clock.
  void (*set_claims)(const std::filesystem::path& folder, const std::string& process,
                     std::int64_t lease_until);
  /// Lets the pause end at this time of the machine's clock.
  void (*set_pause)(const std::filesystem::path& folder, std::int64_t until);
};
/// The one that this program tests: SQLite in the unit tests, PostgreSQL in those of a cluster.
extern const TestedDatabase kTestedDatabase;

/// A folder with an empty ledger.
class LedgerFolder {
 public:
  LedgerFolder();
  ~LedgerFolder();
  /// Another connection.
  std::unique_ptr<search::Ledger> open(
      search::Ledger::Access access = search::Ledger::Access::Write) const;
  void set_claims(const std::string& process, std::int64_t lease_until) const;
  void set_pause(std::int64_t until) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace atto::test
