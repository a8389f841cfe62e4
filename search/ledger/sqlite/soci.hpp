#pragma once
// SOCI with SQLite.

#include "search/ledger/sql/soci.hpp"
//
#include <soci/sqlite3/soci-sqlite3.h>
