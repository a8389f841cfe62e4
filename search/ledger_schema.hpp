#pragma once
// The tables of a ledger.

namespace atto::search {

/// Statements that make an empty database a ledger, in order; ends with a null pointer.
extern const char* const kLedgerTables[];

}  // namespace atto::search
