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
/// Throws SpecError: a URL of no database that ledgers are kept in, or one that holds a password;
/// EnvironmentError: what such a ledger needs is not installed.
void expect_ledger_url(const std::string& url);
/// Throws EnvironmentError where no ledger can be kept safely, SpecError: a URL of no database that
/// ledgers are kept in, or one that holds a password.
void expect_room_for_ledger(const std::filesystem::path& folder, const std::string& url = "");
/// Makes the ledger of a folder, in a file of it or in the database of a URL, with what `fill`
/// writes into it; one that is there is an error. It is there whole or not at all, whatever ends
/// the process or fills the disk.
void create_ledger(const std::filesystem::path& folder,
                   const std::function<void(Ledger&)>& fill = {}, const std::string& url = "");
/// Opens the ledger of a folder; one that an earlier version made is brought to this one (tables
/// are added, nothing changes). Never null.
std::unique_ptr<Ledger> open_ledger(const std::filesystem::path& folder,
                                    Ledger::Access access = Ledger::Access::Write);

/// Makes a copy of a folder's ledger, in a file of it or in the database of a URL, and puts it in
/// that one's place, once it was copied whole and `check` did not throw. Nobody may be writing.
/// Returns where the ledger is that was.
std::string copy_ledger(Ledger& ledger, const std::filesystem::path& folder, const std::string& url,
                        const std::function<void(Ledger&)>& check);

/// A kind of database that ledgers are kept in.
struct LedgerDatabase {
  const char* file;        ///< what lies in a run folder: the database, or what says where it is
  std::string_view start;  ///< of that file
  std::string_view url;    ///< how the URLs of such databases begin; empty: it is the file
  void (*expect_room)(const std::filesystem::path& folder, const std::string& url);
  void (*create)(const std::filesystem::path& folder, const std::string& url,
                 const std::function<void(Ledger&)>& fill);
  std::unique_ptr<Ledger> (*open)(const std::filesystem::path& folder, Ledger::Access access);
};

}  // namespace atto::search
