#pragma once
// What a command line is made of: an application, its subcommands, their options. A thin skin over
// CLI11, whose headers cost every file that sees them 15 s (45 s with sanitizers).

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "design_specs/errors.hpp"
#include "search/cli/commands.hpp"

namespace CLI {
class Option;
}

namespace atto::cli {

/// An option, a flag or a positional argument; as valid as its application.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}
  Option& required();
  Option& range(std::int64_t low, std::int64_t high);
  Option& positive();
  Option& not_negative();
  Option& one_of(const std::vector<std::string>& names);
  /// Help and completion offer these; what takes the value judges it.
  Option& suggests(const std::vector<std::string>& names);
  Option& excludes(const Option& other);
  Option& needs(const Option& other);
  /// One argument holds several values, this character between them.
  Option& delimiter(char between);
  /// A list takes one argument a mention, not all that follow.
  Option& one_value_each();
  /// Keeps the values of every repetition.
  Option& take_all();
  /// The help shows the value that it has now.
  Option& show_default();
  bool is_given() const;

 private:
  CLI::Option* option_;
};

/// A subcommand. What its options write to must live until the action has run.
class Command {
 public:
  Command(CLI::App& app, const std::string& name, const std::string& summary);
  /// `name`: "--out", "-n,--count", or "file" for a positional argument. Value is one of the types
  /// that command_line.cpp instantiates: whole numbers, double, text, path, optionals of some, list
  /// of texts.
  template <class Value>
  Option option(const std::string& name, Value& value, const std::string& help);
  Option flag(const std::string& name, bool& value, const std::string& help);
  void footer(const std::string& text);
  /// Takes every argument as it is, --help too.
  void pass_all_on();
  std::vector<std::string> remaining() const;
  /// `work` is what `action` becomes when this subcommand is called.
  void runs(Action& action, Action work);
  /// As runs, with `make` called once the options have their values.
  void makes(Action& action, std::function<Action()> make);

 private:
  CLI::App* app_;
};

/// Ends the reading of the command line with "NAMES is required" (exit 2).
[[noreturn]] void throw_missing(const std::string& names);

/// Adds a subcommand to the application.
using Add = void (*)(CLI::App&, Action&);

/// `atto` with its subcommands, also where `atto-trainer` stands in for it.
class CommandLine {
 public:
  CommandLine(const std::string& summary, const std::string& version, const std::string& footer);
  ~CommandLine();
  /// Adds subcommands, which stand below the group's name in the help.
  void add(const std::string& group, std::initializer_list<Add> commands, Action& action);
  /// Reads the arguments, runs what `action` has become, and returns the exit code. Two words,
  /// first or behind a command's name, are not for people: "__complete WORD..." prints how the last
  /// word may go on, "__manual" the manual page.
  int run(int argc, char** argv, const Action& action);

 private:
  int complete(std::vector<std::string> words, const Action& action);
  int print_manual(const std::vector<std::string>& words, const Action& action);
  bool is_passed_on(const std::string& command) const;
  int pass_on(std::vector<std::string> words, const Action& action);
  static int refuse(const Problem& problem, bool is_json);
  std::unique_ptr<CLI::App> app_;
};

}  // namespace atto::cli
