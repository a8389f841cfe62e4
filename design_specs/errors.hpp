#pragma once
// The errors that AttoForge throws. Who is to blame is decided at the throw, and the type says it;
// the command line turns each type into its exit code. An expected miss (a requirement not met) is
// a value and never an exception.

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace atto {

/// One fault in a file that a person wrote. `location` is "file:line:column" or "file".
struct Problem {
  std::string location;
  std::string path;   ///< JSON pointer such as "/require/params/max"; "" for the whole file
  std::string rule;   ///< what must hold, e.g. "must be > 0"
  std::string value;  ///< what was found, e.g. "-3"; "" where there is nothing to show

  /// Returns "file:14:23: /require/latency_ms/max: must be > 0; got -3".
  std::string text() const;
};

/// People's input is wrong: all problems of the input at once, in file order. Exit code 2.
class SpecError : public std::runtime_error {
 public:
  /// Shows at most `kMaxShown` problems in what() and counts the rest.
  explicit SpecError(std::vector<Problem> problems);
  const std::vector<Problem>& problems() const { return problems_; }
  static constexpr int kMaxShown = 50;

 private:
  std::vector<Problem> problems_;
};

/// The world around us failed: a missing data set, a full disk, a locked ledger. Exit code 4.
class EnvironmentError : public std::runtime_error {
 public:
  explicit EnvironmentError(const std::string& what) : std::runtime_error(what) {}
  /// Builds "WHAT: ERRNO TEXT: PATH".
  EnvironmentError(std::string_view what, std::string_view path, int error_number);
};

/// Our own bug. Exit code 70.
class InternalError : public std::logic_error {
 public:
  explicit InternalError(const std::string& what) : std::logic_error(what) {}
};

}  // namespace atto
