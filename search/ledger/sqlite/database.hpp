#pragma once

#include "search/ledger/open_ledger.hpp"

namespace atto::search {

/// Ledgers in one SQLite file of the run folder: for the processes of one machine, on a disk of it.
extern const LedgerDatabase kSqliteDatabase;

}  // namespace atto::search
