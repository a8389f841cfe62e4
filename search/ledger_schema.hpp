#pragma once
// The tables of a ledger.

namespace atto::search {

/// Statements that make an empty database a ledger, in order; ends with a null pointer.
extern const char* const kLedgerTables[];
/// Statements that bring a ledger of schema 1 to schema 2.
extern const char* const kLedgerUpgrade[];

}  // namespace atto::search
