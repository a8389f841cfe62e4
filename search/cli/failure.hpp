#pragma once
// How a command fails before people and machines: text on stderr and, with --json, one object on
// stdout; the exit code is the same.

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "design_specs/errors.hpp"
#include "search/cli/commands.hpp"

namespace atto::cli {

struct Failure {
  int exit = 1;
  std::string kind;     ///< "miss", "input", "model", "environment", "internal", "interrupted"
  std::string message;  ///< for people; may have several lines
  std::vector<Problem> problems = {};  ///< of kind "input": what the message lists
};

/// An expected miss (exit code 1), and a stop by a signal (130).
Failure missed(std::string message);
Failure interrupted(std::string message);

/// Thrown where a program that was waited for has been interrupted.
class Interruption : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs the action; returns what it threw.
std::optional<Failure> failure_of(const std::function<void()>& action);

/// {"file", "line", "column", "path", "rule", "got"}; line and column are null where there are
/// none.
std::string problem_json(const Problem& problem);
/// The value of "error": {"exit": 2, "kind": "input", "message": ..., "problems": [...]}.
std::string failure_json(const Failure& failure);

/// Says it on stderr and, for machines, {"error": ...} on stdout. Returns its exit code.
int tell(const Failure& failure, bool is_json);

}  // namespace atto::cli
