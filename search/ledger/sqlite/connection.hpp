#pragma once
// What the parts of the ledger's implementation share: the SOCI session, transactions that take the
// write lock at their start, and the reading of job rows.

#include <fmt/format.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "design_specs/errors.hpp"
#include "search/ledger/sqlite/ledger.hpp"
#include "search/ledger/sqlite/statement.hpp"

namespace atto::search {

/// What to say about a file that is no ledger of ours, or one no more.
std::string file_damage_text(const std::filesystem::path& file, const std::string& what);

struct SqliteLedger::Connection {
  enum class Mode : std::uint8_t { ReadWrite, ReadOnly };
  explicit Connection(const std::filesystem::path& path, Mode mode = Mode::ReadWrite);
  ~Connection();

  soci::session sql;
  std::string file;                  ///< as messages name it
  std::filesystem::path own_folder;  ///< removed at the end; empty where there is none
  std::function<bool()> may_wait;
  std::mutex turn;

  /// Runs `work`; a database error becomes an EnvironmentError that names the ledger, as does a
  /// value that cannot be there.
  template <class Work>
  auto guarded(Work&& work) {
    const std::lock_guard lock(turn);
    try {
      return work();
    } catch (const soci::sqlite3_soci_error& error) {
      if (error.result() == kCorrupt || error.result() == kNotADatabase)
        throw EnvironmentError(file_damage_text(file, error.what()));
      throw EnvironmentError(fmt::format("ledger: {}: {}", error.what(), file));
    } catch (const soci::soci_error& error) {
      throw EnvironmentError(fmt::format("ledger: {}: {}", error.what(), file));
    } catch (const std::bad_optional_access&) {
      throw EnvironmentError(file_damage_text(file, "a row is missing"));
    }
  }

  /// Runs `work` in a transaction that holds the write lock from its start: a deferred one could
  /// fail at its first write, with no waiting, when another process had written meanwhile.
  template <class Work>
  auto in_transaction(Work&& work) {
    return guarded([&] {
      sql << "BEGIN IMMEDIATE";
      try {
        auto result = work();
        sql << "COMMIT";
        return result;
      } catch (...) {
        roll_back();
        throw;
      }
    });
  }

  /// in_transaction(), on the disk when it returns.
  template <class Work>
  auto in_synced_transaction(Work&& work) {
    guarded([&] { sql << "PRAGMA synchronous=FULL"; });
    auto result = in_transaction(std::forward<Work>(work));
    guarded([&] { sql << "PRAGMA synchronous=NORMAL"; });
    return result;
  }

 private:
  static constexpr int kCorrupt = 11, kNotADatabase = 26;  // SQLITE_CORRUPT, SQLITE_NOTADB
  void roll_back() noexcept {
    try {
      sql << "ROLLBACK";
    } catch (const std::exception&) {
      // SQLite has rolled back by itself, for example on a full disk; the first error is what
      // matters.
    }
  }
};

/// Returns the job rows of "SELECT <all columns> FROM jobs <clause>". The clause holds integers
/// only.
std::vector<JobRow> read_jobs(soci::session& sql, const std::string& clause);

/// Writes epochs; those of a retrained epoch replace the earlier ones.
void write_epochs(soci::session& sql, const Job& job, const std::vector<train::EpochRecord>& epochs,
                  int after_epoch);
/// What was judged of an epoch, in place of what was before; of a job; and of the jobs that
/// read_jobs() found.
void write_epoch_scores(soci::session& sql, const Job& job, const train::EpochRecord& record);
void write_job_scores(soci::session& sql, std::int64_t job, const Verdict& verdict);
void read_job_scores(soci::session& sql, const std::string& clause, std::vector<JobRow>& rows);
void write_responses(soci::session& sql, const Job& job, const train::EpochRecord& record);
void write_scores(soci::session& sql, const Job& job, const net::ScoresByModule& scores,
                  double cpu_seconds);

/// Returns a stored pause where it holds now, else 0.
std::int64_t pause_in_force(std::int64_t stored);

/// Marks a job done. What it cost is added to the costs of its earlier attempts.
void finish(soci::session& sql, std::int64_t job, const Verdict& verdict, std::size_t epochs);

}  // namespace atto::search
