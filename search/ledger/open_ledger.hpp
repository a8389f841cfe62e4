#pragma once
// Where ledgers are. The address of a ledger is the run folder, which holds the database or says
// where it is: nobody else knows what that looks like.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "search/ledger/ledger.hpp"

namespace atto::search {

/// Returns the name of what makes a folder the address of a ledger, "" where nothing does.
std::string ledger_in(const std::filesystem::path& folder);
/// Whether a file that begins so is a ledger.
bool is_ledger(std::string_view start);
/// Throws EnvironmentError where no ledger can be kept safely.
void expect_room_for_ledger(const std::filesystem::path& folder);
/// Makes the ledger of a folder, with what `fill` writes into it; one that is there is an error. It
/// is there whole or not at all, whatever ends the process or fills the disk.
void create_ledger(const std::filesystem::path& folder,
                   const std::function<void(Ledger&)>& fill = {});
/// Opens the ledger of a folder; one that an earlier version made is brought to this one (tables
/// are added, nothing changes). Never null.
std::unique_ptr<Ledger> open_ledger(const std::filesystem::path& folder,
                                    Ledger::Access access = Ledger::Access::Write);

/// A kind of database that ledgers are kept in.
struct LedgerDatabase {
  const char* file;        ///< what lies in a run folder: the database, or what says where it is
  std::string_view start;  ///< of that file
  void (*expect_room)(const std::filesystem::path& folder);
  void (*create)(const std::filesystem::path& folder, const std::function<void(Ledger&)>& fill);
  std::unique_ptr<Ledger> (*open)(const std::filesystem::path& folder, Ledger::Access access);
};

}  // namespace atto::search
