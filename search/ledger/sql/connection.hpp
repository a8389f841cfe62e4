#pragma once
// A session with a database as the statements of search/ledger/sql/ see it: work that is done again
// where the database allows it, transactions, and the few words in which databases differ.

#include <fmt/format.h>

#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "design_specs/errors.hpp"
#include "search/ledger/ledger.hpp"
#include "search/ledger/sql/soci.hpp"

namespace atto::search {

/// What one database says otherwise than the others.
struct Dialect {
  const char* pass_over_locked;  ///< ends a SELECT of one row that others may be taking
  const char* lock_rows;         ///< ends a SELECT of rows that are changed next
  const char* lock_jobs;  ///< a statement that lets nobody else write to jobs; empty: BEGIN does
  /// Whether INSERTs into several tables go as parts of one statement, which is one round trip.
  bool joins_inserts;
  /// Whether processes of several machines work with one ledger: what cannot be seen from here may
  /// be alive.
  bool spans_machines;
};

/// What a power cut may take.
enum class Kept : std::uint8_t {
  Claim,  ///< proposals, claims and epochs: kept where the disk is another machine's
  Fact    ///< results and requests of people: on the disk when the call returns
};

class Connection {
 public:
  explicit Connection(const Dialect& words, std::int64_t lease) : dialect(words), lease_ms(lease) {}
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const Dialect& dialect;
  std::int64_t lease_ms;
  soci::session sql;

  /// Runs `work`, which may be run again after an error that passes; other errors become an
  /// EnvironmentError that names the ledger, as does a value that cannot be there.
  template <class Work>
  auto guarded(Work&& work, bool is_patient = true) {
    std::unique_lock lock(turn_);
    for (int tries = 1;; ++tries) {
      is_again_ = tries > 1;
      try {
        const Call call(*this);
        return work();
      } catch (const soci::soci_error& error) {
        recover(error, is_patient ? tries : kOnce, lock);
      } catch (const std::bad_optional_access&) {
        throw EnvironmentError(damage_text("a row is missing"));
      }
    }
  }

  /// guarded() for what is soon tried again by itself: does not wait for a database that is away.
  template <class Work>
  auto once(Work&& work) {
    return guarded(std::forward<Work>(work), false);
  }

  /// guarded() in a transaction.
  template <class Work>
  auto in_transaction(Kept kept, Work&& work) {
    return guarded([&] {
      begin(kept);
      try {
        auto result = work();
        sql << "COMMIT";
        end(kept);
        return result;
      } catch (...) {
        roll_back();
        throw;
      }
    });
  }

  /// Whether the work that runs ran before: what it wrote then may be there.
  bool is_again() const { return is_again_; }
  virtual std::string name() const = 0;  ///< as messages call the ledger
  virtual std::string damage_text(const std::string& what) const = 0;
  /// Rows were written with ids of their own: later ones count on from there.
  virtual void count_on() {}
  /// What was written is in the place that bears the ledger's name, all of it.
  virtual void settle() {}
  /// Wakes those who wait.
  virtual void ring() = 0;
  /// Whether leases may have run out while nobody could renew them.
  virtual bool was_away() const { return false; }
  /// Whether a lease that could not be renewed for so long is over, whoever holds the job now.
  virtual bool has_lost_leases() { return false; }

 protected:
  /// Begins a transaction that writes.
  virtual void begin(Kept kept) = 0;
  virtual void end(Kept) {}  ///< after its COMMIT
  static constexpr int kOnce = 0;
  /// Returns where the work, which failed so many times or may not wait (kOnce), may be done again,
  /// else throws EnvironmentError. May let others have a turn meanwhile.
  virtual void recover(const soci::soci_error& error, int tries,
                       std::unique_lock<std::mutex>& turn) = 0;

  /// Before and after work that may have to wait for an answer.
  virtual void begin_call() {}
  virtual void end_call() noexcept {}

  std::mutex turn_;

 private:
  struct Call {
    explicit Call(Connection& of) : connection(of) { connection.begin_call(); }
    ~Call() { connection.end_call(); }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    Connection& connection;
  };
  void roll_back() noexcept {
    try {
      sql << "ROLLBACK";
    } catch (const std::exception&) {
      // The database has done so, for example on a full disk; the first error is what matters.
    }
  }
  bool is_again_ = false;
};

}  // namespace atto::search
