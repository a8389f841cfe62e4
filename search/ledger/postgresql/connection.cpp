#include "search/ledger/postgresql/connection.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <thread>

#include "search/ledger/postgresql/url.hpp"
#include "search/ledger/sql/statement.hpp"

namespace atto::search {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Dialect kServerWords = {" FOR UPDATE SKIP LOCKED", " FOR UPDATE",
                                  "LOCK TABLE jobs IN EXCLUSIVE MODE", true, true};

/// How long a server that is away is waited for; when a process begins, one that is being started,
/// or that a crowd comes to; one that has not noticed yet that an earlier session of ours is no
/// more.
constexpr seconds kPatience{600}, kPatienceAtStart{20}, kPatienceInCrowd{120}, kOldSession{15};
constexpr milliseconds kSlice{50}, kLongestPause{5000};
/// How long a session may take to begin where the server can be reached. Those who give up sooner
/// and come again keep a server busy that a thousand workers come to at once; but nobody is heard
/// meanwhile who asks a campaign to stop.
constexpr seconds kLongestStart{30}, kFirstStart{5};
/// After which people are told that a call has no answer.
constexpr milliseconds kSilence{15000};
/// Of work that others got in the way of.
constexpr int kTries = 50;

/// What lets a session end soon, at the server's end too, when the other end is gone.
constexpr const char* kSettings =
    "-c statement_timeout=60s -c lock_timeout=5s -c synchronous_commit=on -c "
    "tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c "
    "tcp_user_timeout=8000 -c extra_float_digits=1 ";

std::string settings_of(Ledger::Access access) {
  std::string settings = kSettings;
  // One that only reads holds no locks, and may think for long between two reads of one state.
  settings += access == Ledger::Access::Write ? "-c idle_in_transaction_session_timeout=5s"
                                              : "-c default_transaction_read_only=on";
  return settings;
}

/// Errors after which a session is gone, or soon, and the server may be back soon (appendix A of
/// PostgreSQL's manual).
bool is_lost(const std::string& sqlstate) {
  constexpr std::array<std::string_view, 6> kStates = {"57P01", "57P02", "57P03",
                                                       "57P05", "53300", "25P03"};
  return sqlstate.starts_with("08") ||
         std::find(kStates.begin(), kStates.end(), sqlstate) != kStates.end();
}

/// Others were in the way: a deadlock, a serialisation failure, a lock that was held for long.
bool is_in_the_way(const std::string& sqlstate) {
  return sqlstate == "40P01" || sqlstate == "40001" || sqlstate == "55P03";
}

bool holds_any(const std::string& words, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return words.find(part) != std::string::npos; });
}

/// How long what libpq says so of a session that did not begin may be mended by itself: there is no
/// code for what fails so early.
seconds patience_at_start(const std::string& words) {
  if (holds_any(words, {"timeout", "too many clients", "slots are"})) return kPatienceInCrowd;
  return holds_any(words, {"starting up", "shutting down", "recovery", "Connection refused",
                           "timed out", "closed the connection"})
             ? kPatienceAtStart
             : seconds(0);
}

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

const char* name_of(Role role) {
  return role == Role::Coordinate ? "coordinator" : "steerer";
}

}  // namespace

PostgresqlConnection::PostgresqlConnection(const std::string& url, Ledger::Access access)
    : Connection(kServerWords, kClusterLeaseMs),
      url_(url),
      words_(connection_words(url, settings_of(access))),
      is_snapshot_(access == Ledger::Access::Snapshot) {
  const Clock::time_point start = Clock::now();
  for (int tries = 1;; ++tries) {
    std::string why;
    try {
      open(kLongestStart);
      break;
    } catch (const soci::soci_error& error) {
      why = one_line(error.what());
    }
    if (Clock::now() >= start + patience_at_start(why))
      throw EnvironmentError(fmt::format("cannot open the ledger {}: {}", name(), why));
    std::this_thread::sleep_for(pause_after(tries));
  }
}

std::string PostgresqlConnection::name() const {
  return short_url(url_);
}

std::string PostgresqlConnection::damage_text(const std::string& what) const {
  return fmt::format("the ledger is damaged ({}): {}, schema {}; put a backup of it back",
                     one_line(what), name(), schema_);
}

void PostgresqlConnection::open(seconds most) {
  is_open_ = false;
  sql.close();
  // What the URL says stands behind it, and so above it.
  sql.open(*module_.factory, fmt::format("connect_timeout={} {}", most.count(), words_));
  module_.silence(sql);
  soci::statement statement(sql);
  statement.exchange(soci::into(schema_)), statement.exchange(soci::into(schema_id_));
  bound::run(statement,
             "SELECT nspname, CAST(oid AS BIGINT) FROM pg_namespace WHERE nspname = "
             "current_schema()");
  is_open_ = true;
}

void PostgresqlConnection::begin_session() {
  reopened_ = Clock::now();
  if (is_listening_) sql << fmt::format("LISTEN \"{}\"", schema_);
  has_rung_ = is_listening_;  // whatever was missed
  take_roles_again();
  away_since_.reset();
}

void PostgresqlConnection::begin(Kept /*kept*/) {
  // All is synced: others go on from it while this server is started again.
  sql << "BEGIN ISOLATION LEVEL READ COMMITTED";
}

void PostgresqlConnection::count_on() {
  for (const char* table : {"jobs", "steering", "environments", "events"})
    find_value<long long>(sql, fmt::format("SELECT setval(pg_get_serial_sequence('{0}', 'id'), "
                                           "(SELECT COALESCE(MAX(id), 0) + 1 FROM {0}), false)",
                                           table));
}

void PostgresqlConnection::ring() {
  guarded([&] {
    // Whoever notifies holds a lock of the whole server until it is written.
    sql << fmt::format("BEGIN; SET LOCAL synchronous_commit = off; NOTIFY \"{}\"; COMMIT", schema_);
  });
}

bool PostgresqlConnection::was_away() const {
  return reopened_ && Clock::now() < *reopened_ + milliseconds(lease_ms);
}

bool PostgresqlConnection::has_lost_leases() {
  const std::lock_guard lock(turn_);
  return away_since_ && Clock::now() > *away_since_ + milliseconds(lease_ms);
}

void PostgresqlConnection::while_away(std::function<bool(const std::string& why)> may_wait) {
  may_wait_ = std::move(may_wait);
  watch_.start([this, ask = may_wait_](milliseconds waited) {
    return ask(waited < kSilence ? "" : fmt::format("the ledger {} does not answer", name()));
  });
}

void PostgresqlConnection::begin_call() {
  watch_.begin(is_open_ ? module_.socket(sql) : -1);
}

void PostgresqlConnection::end_call() noexcept {
  watch_.end();
}

milliseconds PostgresqlConnection::pause_after(int tries) {
  const milliseconds most = std::min(kLongestPause, milliseconds(100 << std::min(tries, 6)));
  // A thousand workers must not come back at one moment.
  return milliseconds(
      std::uniform_int_distribution<long long>(most.count() / 10, most.count())(jitter_));
}

/// Lets others have their turn for a while.
void PostgresqlConnection::wait(int tries, const std::string& why,
                                std::unique_lock<std::mutex>& turn) {
  const Clock::time_point end = Clock::now() + pause_after(tries);
  turn.unlock();
  while (Clock::now() < end) {
    std::this_thread::sleep_for(kSlice);
    if (may_wait_ && !may_wait_(why)) throw EnvironmentError(why);
  }
  turn.lock();
}

void PostgresqlConnection::recover(const soci::soci_error& error, int tries,
                                   std::unique_lock<std::mutex>& turn) {
  const std::string state = module_.sqlstate(error);
  const std::string text = fmt::format("ledger: {}: {}", one_line(error.what()), name());
  if (has_lost_a_role_ || watch_.has_cut()) throw EnvironmentError(text);
  if (is_in_the_way(state) && !is_snapshot_ && tries < kTries) {
    wait(1, text, turn);
    return;
  }
  if (is_snapshot_ || (is_open_ && !is_lost(state))) throw EnvironmentError(text);
  if (!away_since_) away_since_ = Clock::now();
  is_open_ = false;
  std::string why =
      fmt::format("the ledger {} cannot be reached: {}", name(), one_line(error.what()));
  for (int again = 1; !is_open_; ++again) {
    try {
      open(std::min(kLongestStart, again * kFirstStart));
      begin_session();
      return;
    } catch (const soci::soci_error& failure) {
      is_open_ = false;
      why = fmt::format("the ledger {} cannot be reached: {}", name(), one_line(failure.what()));
    }
    if (tries == kOnce || Clock::now() > *away_since_ + kPatience) throw EnvironmentError(why);
    wait(again, why, turn);
  }
}

std::string PostgresqlConnection::lock_keys(Role role) const {
  return fmt::format("{}, {}", static_cast<std::int32_t>(schema_id_), static_cast<int>(role));
}

bool PostgresqlConnection::try_lock(Role role) {
  return find_value<int>(sql,
                         fmt::format("SELECT 1 WHERE pg_try_advisory_lock({})", lock_keys(role)))
      .has_value();
}

bool PostgresqlConnection::take(Role role) {
  return guarded([&] {
    if (roles_.count(role) > 0 || !try_lock(role)) return false;
    roles_[role] =
        find_value<long long>(
            sql,
            "INSERT INTO meta(key, value) VALUES(:key, '1') ON CONFLICT(key) DO UPDATE SET value = "
            "CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT) RETURNING CAST(value AS BIGINT)",
            std::string("takings of ") + name_of(role))
            .value();
    return true;
  });
}

/// A lock goes with its session. This one's is taken again unless another process had it meanwhile,
/// whatever became of that.
void PostgresqlConnection::take_roles_again() {
  for (const auto& [role, number] : roles_) {
    const Clock::time_point deadline = Clock::now() + kOldSession;
    bool is_held = try_lock(role);
    while (!is_held && Clock::now() < deadline) {
      std::this_thread::sleep_for(10 * kSlice);
      is_held = try_lock(role);
    }
    if (is_held &&
        find_value<long long>(sql, "SELECT CAST(value AS BIGINT) FROM meta WHERE key = :key",
                              std::string("takings of ") + name_of(role)) == number)
      continue;
    has_lost_a_role_ = true;
    is_open_ = false;
    sql.close();
    throw EnvironmentError(
        fmt::format("another {} has taken this campaign over while the ledger could not be "
                    "reached: {}",
                    name_of(role), name()));
  }
}

void PostgresqlConnection::give_up(Role role) noexcept {
  try {
    once([&] {
      if (roles_.erase(role) > 0 && is_open_)
        find_value<int>(sql, fmt::format("SELECT 1 WHERE pg_advisory_unlock({})", lock_keys(role)));
    });
  } catch (const std::exception&) {
    // It goes with the session.
  }
}

bool PostgresqlConnection::is_taken(Role role) {
  return guarded([&] {
    return find_value<int>(
               sql,
               fmt::format("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND "
                           "database = (SELECT oid FROM pg_database WHERE datname = "
                           "current_database()) AND classid = {} AND objid = {} AND objsubid = 2 "
                           "LIMIT 1",
                           schema_id_, static_cast<int>(role)))
        .has_value();
  });
}

void PostgresqlConnection::listen() {
  guarded([&] {
    sql << fmt::format("LISTEN \"{}\"", schema_);
    is_listening_ = true;
  });
}

bool PostgresqlConnection::wait_for_ring(int most_ms) {
  const Clock::time_point end = Clock::now() + milliseconds(most_ms);
  while (true) {
    int socket = -1;
    {
      const std::lock_guard lock(turn_);
      const int count = is_open_ ? module_.take_notifications(sql) : -1;
      if (count > 0 || has_rung_) {
        has_rung_ = false;
        return true;
      }
      if (count == 0) socket = module_.socket(sql);  // else the next statement finds it lost
    }
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    pollfd waiting{socket, POLLIN, 0};  // a negative descriptor is passed over
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return false;
  }
}

}  // namespace atto::search
