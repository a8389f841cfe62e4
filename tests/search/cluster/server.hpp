#pragma once
// A PostgreSQL server of a test program: started on loopback when it is first asked for, in a
// folder of its own, and gone with the program.

#include <filesystem>
#include <string>
#include <vector>

namespace atto::test {

class Server {
 public:
  /// Starts one. Throws std::runtime_error with the command that installs what is missing.
  Server();
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string url(const std::string& host = "127.0.0.1") const;
  /// Starts it again; it listens on this address too, to those in 10.77.0.0/16.
  void listen_on(const std::string& address);
  /// Ends it as a crash would, and waits until it is gone.
  void crash();
  /// Lets those who are connected go on to the end of their statement, no further.
  void stop();
  /// Starts it again, and waits until it takes connections.
  void start();
  /// Stops all its processes, so that nobody is told anything.
  void freeze() const;
  void thaw() const;
  /// The statements that ran since the last call, of sessions that began since the first one.
  std::vector<std::string> new_statements();
  /// Runs one statement by psql; returns what it prints.
  std::string query(const std::string& statement) const;

 private:
  std::vector<std::string> as_its_user(std::vector<std::string> command) const;
  void end(int signal);
  void signal_all(int signal) const;
  std::filesystem::path programs_, folder_;
  std::string addresses_ = "127.0.0.1";
  int port_ = 0, process_ = 0;
  bool tells_statements_ = false;
  std::streamoff told_until_ = 0;
};

/// The one of this program.
Server& server();
/// Has the ledger of a run folder note what becomes of jobs and epochs, for the functions below.
void watch_changes(const std::filesystem::path& folder);
struct Changes {
  int commits = 0, committed_jobs = 0;
  int changed_commits = 0;  ///< must be 0
  int returned_claims = 0;  ///< given back or lost: what ran of an epoch then is trained again
  int epochs = 0;           ///< recorded ones
  int repeated_epochs = 0;  ///< recorded ones that were trained again: must be 0
};
Changes changes_of(const std::filesystem::path& folder);
/// Throws std::runtime_error where a job was committed twice, or changed after its commit, or an
/// epoch that was recorded was trained again.
void expect_nothing_twice(const std::filesystem::path& folder);
/// Runs a statement where the ledger of a run folder is.
std::string run_in_schema(const std::filesystem::path& folder, const std::string& statement);

}  // namespace atto::test
