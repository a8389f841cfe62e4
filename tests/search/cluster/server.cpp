#include "tests/search/cluster/server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace atto::test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLongestWait{120};  // on a machine that is busy with all other tests
constexpr std::chrono::milliseconds kStep{20};

fs::path find_programs() {
  std::vector<fs::path> versions;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored))
    if (fs::exists(entry.path() / "bin/initdb")) versions.push_back(entry.path() / "bin");
  if (versions.empty())
    throw std::runtime_error("these tests need PostgreSQL: apt-get install postgresql");
  return *std::max_element(versions.begin(), versions.end());
}

int free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no free port");
  ::close(descriptor);
  return ntohs(address.sin_port);
}

/// Starts a program, its output in a file.
int spawn(const std::vector<std::string>& command, const fs::path& output) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  int process = 0;
  const int error = ::posix_spawnp(&process, words[0], &files, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw std::runtime_error("cannot start " + command[0]);
  return process;
}

/// Waits for a process; false where it does not end.
bool has_ended(int process, int& status) {
  for (const auto end = Clock::now() + kLongestWait; Clock::now() < end;) {
    if (::waitpid(process, &status, WNOHANG) == process) return true;
    std::this_thread::sleep_for(kStep);
  }
  return false;
}

void run(const std::vector<std::string>& command, const fs::path& output) {
  int status = 0;
  const int process = spawn(command, output);
  if (has_ended(process, status) && status == 0) return;
  ::kill(process, SIGKILL);
  std::ostringstream text;
  text << std::ifstream(output).rdbuf();
  throw std::runtime_error(command.back() + " failed: " + text.str());
}

bool answers(int port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_up =
      ::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(descriptor);
  return is_up;
}

int parent_of(const fs::path& process) {
  std::ifstream in(process / "stat");
  std::string line;
  std::getline(in, line);
  int parent = 0;
  char state = ' ';
  if (line.rfind(')') != std::string::npos)
    std::istringstream(line.substr(line.rfind(')') + 1)) >> state >> parent;
  return parent;
}

}  // namespace

Server::Server()
    : programs_(find_programs()),
      folder_(fs::temp_directory_path() / fmt::format("atto-postgresql-{}", ::getpid())) {
  fs::remove_all(folder_);
  fs::create_directories(folder_);
  fs::permissions(folder_, fs::perms::all);  // its user may be another one
  run(as_its_user({programs_ / "initdb", "--username=atto", "--auth=trust", "--encoding=UTF8",
                   "--locale=C", "--no-sync", "-D", folder_ / "data"}),
      folder_ / "initdb.log");
  port_ = free_port();
  start();
  query("CREATE DATABASE campaigns");
}

Server::~Server() {
  end(SIGQUIT);
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

/// The superuser may not run a server.
std::vector<std::string> Server::as_its_user(std::vector<std::string> command) const {
  std::vector<std::string> words = {"setpriv", "--pdeathsig=QUIT"};
  if (::geteuid() == 0)
    words.insert(words.end(), {"--reuid=postgres", "--regid=postgres", "--clear-groups"});
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

std::string Server::url(const std::string& host) const {
  return fmt::format("postgresql://atto@{}:{}/campaigns", host, port_);
}

void Server::listen_on(const std::string& address) {
  stop();
  addresses_ += "," + address;
  std::ofstream(folder_ / "data/pg_hba.conf", std::ios::app) << "host all all 10.77.0.0/16 trust\n";
  start();
}

void Server::start() {
  // Not synced: the machine does not crash in these tests, only the server's processes do.
  process_ = spawn(
      as_its_user({programs_ / "postgres", "-D", folder_ / "data", "-c",
                   "listen_addresses=" + addresses_, "-c", fmt::format("port={}", port_), "-c",
                   "unix_socket_directories=", "-c", "max_connections=300", "-c", "fsync=off"}),
      folder_ / "server.log");
  const auto end = Clock::now() + kLongestWait;
  while (!answers(port_) || query("SELECT 1") != "1\n") {
    if (Clock::now() > end) throw std::runtime_error("PostgreSQL does not start");
    std::this_thread::sleep_for(kStep);
  }
}

void Server::end(int signal) {
  if (process_ == 0) return;
  thaw();
  int status = 0;
  ::kill(process_, signal);
  if (!has_ended(process_, status)) ::kill(process_, SIGKILL);
  process_ = 0;
}

void Server::crash() {
  end(SIGQUIT);
}

void Server::stop() {
  end(SIGINT);
}

void Server::signal_all(int signal) const {
  ::kill(process_, signal);
  for (const auto& entry : fs::directory_iterator("/proc"))
    if (parent_of(entry.path()) == process_)
      ::kill(std::stoi(entry.path().filename().string()), signal);
}

void Server::freeze() const {
  signal_all(SIGSTOP);
}

void Server::thaw() const {
  signal_all(SIGCONT);
}

std::vector<std::string> Server::new_statements() {
  if (!tells_statements_) query("ALTER ROLE atto SET log_statement = 'all'");
  tells_statements_ = true;
  std::ifstream in(folder_ / "server.log");
  in.seekg(told_until_);
  std::vector<std::string> statements;
  for (std::string line; std::getline(in, line);) {
    told_until_ += static_cast<std::streamoff>(line.size()) + 1;
    for (const std::string_view start : {"LOG:  statement: ", "LOG:  execute <unnamed>: "})
      if (const std::size_t at = line.find(start); at != std::string::npos)
        statements.push_back(line.substr(at + start.size()));
  }
  return statements;
}

std::string Server::query(const std::string& statement) const {
  const std::string command =
      fmt::format("timeout 20 '{}' -h 127.0.0.1 -p {} -U atto -At -c \"{}\" {} 2>>'{}'",
                  (programs_ / "psql").string(), port_, statement,
                  statement.starts_with("CREATE DATABASE") || statement == "SELECT 1" ? "postgres"
                                                                                      : "campaigns",
                  (folder_ / "psql.log").string());
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  char buffer[4096];
  while (std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, count);
  ::pclose(pipe);
  return text;
}

void watch_changes(const fs::path& folder) {
  run_in_schema(folder,
                "CREATE TABLE changes(job BIGINT, before INTEGER, after INTEGER); "
                "CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT "
                "INTO changes VALUES(NEW.id, OLD.state, NEW.state); RETURN NEW; END'; "
                "CREATE TRIGGER changes AFTER UPDATE ON jobs FOR EACH ROW WHEN (OLD.state <> "
                "NEW.state) EXECUTE FUNCTION note_change(); "
                "CREATE TABLE trained(hash TEXT, phase INTEGER, replica INTEGER, epoch INTEGER, "
                "checkpoint TEXT); "
                "CREATE FUNCTION note_epoch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT "
                "INTO trained VALUES(NEW.hash, NEW.phase, NEW.replica, NEW.epoch, NEW.checkpoint); "
                "RETURN NEW; END'; "
                "CREATE TRIGGER trained AFTER INSERT OR UPDATE ON epochs FOR EACH ROW WHEN "
                "(NEW.checkpoint <> '') EXECUTE FUNCTION note_epoch()");
}

Changes changes_of(const fs::path& folder) {
  Changes all;
  std::istringstream counts(run_in_schema(
      folder,
      "SELECT COUNT(*) FILTER (WHERE after = 2), COUNT(DISTINCT job) FILTER (WHERE after = 2), "
      "COUNT(*) FILTER (WHERE before = 2), COUNT(*) FILTER (WHERE before = 1 AND after = 0), "
      "(SELECT COUNT(DISTINCT (hash, phase, replica, epoch)) FROM trained), "
      // A checkpoint has a name of its attempt.
      "(SELECT COUNT(*) FROM (SELECT 1 FROM trained GROUP BY hash, phase, replica, epoch HAVING "
      "COUNT(DISTINCT checkpoint) > 1) AS again) FROM changes"));
  for (int* count : {&all.commits, &all.committed_jobs, &all.changed_commits, &all.returned_claims,
                     &all.epochs, &all.repeated_epochs}) {
    counts >> *count;
    counts.ignore(1);
  }
  if (!counts) throw std::runtime_error("no counts of " + folder.string());
  return all;
}

void expect_nothing_twice(const fs::path& folder) {
  const Changes all = changes_of(folder);
  if (all.commits > 0 && all.commits == all.committed_jobs && all.changed_commits == 0 &&
      all.epochs > 0 && all.repeated_epochs == 0)
    return;
  throw std::runtime_error(fmt::format(
      "{} commits of {} jobs, {} of them changed later; of {} recorded epochs {} "
      "trained again",
      all.commits, all.committed_jobs, all.changed_commits, all.epochs, all.repeated_epochs));
}

std::string run_in_schema(const fs::path& folder, const std::string& statement) {
  std::string url;
  std::ifstream(folder / "ledger.url") >> url;
  const std::string said = server().query(
      fmt::format("SET search_path = {}; {}", url.substr(url.rfind("%3D") + 3), statement));
  return said.substr(std::min<std::size_t>(said.size(), std::string_view("SET\n").size()));
}

Server& server() {
  static Server started;
  return started;
}

}  // namespace atto::test
