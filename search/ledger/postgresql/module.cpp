// What of PostgreSQL's ledger needs libpq.
#include "search/ledger/postgresql/module.hpp"

#include <soci/postgresql/soci-postgresql.h>

#include <memory>
#include <stdexcept>

namespace atto::search {
namespace {

PGconn* connection_of(soci::session& sql) {
  return static_cast<soci::postgresql_session_backend*>(sql.get_backend())->conn_;
}

std::string sqlstate(const soci::soci_error& error) {
  const auto* own = dynamic_cast<const soci::postgresql_soci_error*>(&error);
  return own ? own->sqlstate() : "";
}

std::vector<std::pair<std::string, std::string>> read_url(const std::string& url) {
  char* words = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.c_str(), &words), PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> message(words, PQfreemem);
  if (!options) throw std::runtime_error(words ? words : "out of memory");
  std::vector<std::pair<std::string, std::string>> given;
  for (const PQconninfoOption* option = options.get(); option->keyword; ++option)
    if (option->val) given.emplace_back(option->keyword, option->val);
  return given;
}

void silence(soci::session& sql) {
  PQsetNoticeProcessor(
      connection_of(sql), [](void*, const char*) {}, nullptr);
}

int socket(soci::session& sql) {
  return PQsocket(connection_of(sql));
}

int take_notifications(soci::session& sql) {
  PGconn* connection = connection_of(sql);
  if (PQconsumeInput(connection) == 0) return -1;
  int count = 0;
  while (PGnotify* notification = PQnotifies(connection)) {
    PQfreemem(notification);
    ++count;
  }
  return count;
}

constexpr PostgresqlModule kModule = {&soci::postgresql, sqlstate, read_url,
                                      silence,           socket,   take_notifications};

}  // namespace
}  // namespace atto::search

extern "C" const atto::search::PostgresqlModule* atto_postgresql() {
  return &atto::search::kModule;
}
