#pragma once
// The addresses of ledgers in PostgreSQL: URLs as libpq takes them, with the schema of a campaign
// as the place in which names are looked up. psql takes them, too.

#include <string>

namespace atto::search {

/// Throws SpecError: what may not be asked for, or is no URL of PostgreSQL's.
void expect_postgresql_url(const std::string& url);

/// The URL of a campaign's schema.
std::string url_with_schema(const std::string& url, const std::string& schema);

/// The schema of such a URL.
std::string schema_in(const std::string& url);

/// What a URL says without how, and without a password: "postgresql://user@host/db".
std::string short_url(const std::string& url);

/// What PQconnectdb takes: what the URL asks for, and beside it what keeps a lost server from being
/// waited for in silence. `settings` are of the session: "-c name=value ...". Throws
/// EnvironmentError.
std::string connection_words(const std::string& url, const std::string& settings);

}  // namespace atto::search
