#pragma once

#include "search/ledger/open_ledger.hpp"

namespace atto::search {

/// Ledgers in PostgreSQL: for the processes of several machines, which share the run folder. A file
/// of it says where the ledger is, and never a password.
extern const LedgerDatabase kPostgresqlDatabase;

}  // namespace atto::search
