#pragma once
// The part of PostgreSQL's ledger that needs libpq. It is a module of its own, loaded when a ledger
// is in PostgreSQL: all others neither need the library nor wait for it.

#include <string>
#include <vector>

#include "search/ledger/sql/soci.hpp"

namespace atto::search {

struct PostgresqlModule {
  const soci::backend_factory* factory;
  /// The five letters of an error that the server sent, "" for others.
  std::string (*sqlstate)(const soci::soci_error& error);
  /// Reads a URL as libpq does: keywords and what the URL gives them. Throws std::runtime_error.
  std::vector<std::pair<std::string, std::string>> (*read_url)(const std::string& url);
  /// What the server notes goes nowhere: a library prints nothing.
  void (*silence)(soci::session& sql);
  int (*socket)(soci::session& sql);
  /// Reads what came unasked; returns the number of notifications, -1 where the session is lost.
  int (*take_notifications)(soci::session& sql);
};

/// Loads it, once. Throws EnvironmentError: not built, not installed.
const PostgresqlModule& postgresql_module();

}  // namespace atto::search
