#pragma once
// A session with an SQLite file.

#include <filesystem>
#include <functional>
#include <string>

#include "search/ledger/sql/connection.hpp"
#include "search/ledger/sqlite/soci.hpp"

namespace atto::search {

/// What to say about a file that is no ledger of ours, or one no more.
std::string file_damage_text(const std::filesystem::path& file, const std::string& what);

class SqliteConnection final : public Connection {
 public:
  enum class Mode : std::uint8_t { ReadWrite, ReadOnly };
  explicit SqliteConnection(const std::filesystem::path& path, Mode mode = Mode::ReadWrite);
  ~SqliteConnection() override;

  std::string name() const override { return file; }
  std::string damage_text(const std::string& what) const override {
    return file_damage_text(file, what);
  }
  void settle() override;
  void ring() override;

  std::string file;                  ///< as messages name it
  std::filesystem::path own_folder;  ///< removed at the end; empty where there is none
  std::function<bool()> may_wait;

 protected:
  /// Takes the write lock: a deferred transaction could fail at its first write, with no waiting,
  /// when another process had written meanwhile.
  void begin(Kept kept) override;
  void end(Kept kept) override;
  void recover(const soci::soci_error& error, int tries,
               std::unique_lock<std::mutex>& turn) override;
};

}  // namespace atto::search
