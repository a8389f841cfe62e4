#pragma once
// Runs the `atto` binary for tests.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace atto::test {

struct Ended {
  int code = 0;  ///< exit code, or 128 + signal
  std::string out, err;
};

/// A folder of its own, removed at the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Runs "ENVIRONMENT atto ARGUMENTS" in a shell, to its end.
Ended run_atto(const Scratch& scratch, const std::string& arguments,
               const std::string& environment = "");

/// Returns the JSON that a command prints; throws std::runtime_error, with its words, where it
/// fails.
nlohmann::json printed(const Scratch& scratch, const std::string& arguments);

/// Starts the same without waiting, its output in the file `log`; returns the process id.
int start_atto(const Scratch& scratch, const std::string& arguments,
               const std::string& environment = "");
/// Waits for a process that was started; returns as Ended::code, or -1 after so many seconds, when
/// it is killed.
int wait_for(int process, int seconds = 60);
void sleep_for(double seconds);

/// Returns what must be equal between two runs of one campaign: the leaderboards without times.
nlohmann::json boards_of(const Scratch& scratch, const std::filesystem::path& folder);

/// The folder of the sources.
inline const std::string kSource = ATTO_SOURCE_DIR;
/// The shipped test spec.
std::string tiny_spec();
std::string read_text(const std::filesystem::path& file);
void write_text(const std::filesystem::path& file, const std::string& text);

}  // namespace atto::test
