#pragma once
// The tables of a ledger.

namespace atto::search {

inline constexpr int kLedgerSchema = 11;

/// Statements that make an empty database a ledger, in order; ends with a null pointer.
extern const char* const kLedgerTables[];
/// Statements that bring a ledger of schema i + 1 to schema i + 2, for every i below
/// kLedgerSchema - 1; each ends with a null pointer.
extern const char* const* const kLedgerUpgrades[];

}  // namespace atto::search
