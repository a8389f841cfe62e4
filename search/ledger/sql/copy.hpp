#pragma once

#include "search/ledger/ledger.hpp"

namespace atto::search {

/// Copies all rows of a ledger into one that was just made, and counts them. Nobody may be writing
/// to either.
void copy_rows(Ledger& from, Ledger& to);

}  // namespace atto::search
