#include "search/cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>

namespace atto::cli {

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::range(std::int64_t low, std::int64_t high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Option& Option::positive() {
  option_->check(CLI::PositiveNumber);
  return *this;
}

Option& Option::not_negative() {
  option_->check(CLI::NonNegativeNumber);
  return *this;
}

Option& Option::one_of(const std::vector<std::string>& names) {
  option_->check(CLI::IsMember(names));
  return *this;
}

Option& Option::excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}

Option& Option::needs(const Option& other) {
  option_->needs(other.option_);
  return *this;
}

Option& Option::delimiter(char between) {
  option_->delimiter(between);
  return *this;
}

Option& Option::one_value_each() {
  option_->allow_extra_args(false);
  return *this;
}

Option& Option::take_all() {
  option_->take_all();
  return *this;
}

Option& Option::show_default() {
  option_->capture_default_str();
  return *this;
}

bool Option::is_given() const {
  return option_->count() > 0;
}

Command::Command(CLI::App& app, const std::string& name, const std::string& summary)
    : app_(app.add_subcommand(name, summary)) {}

template <class Value>
Option Command::option(const std::string& name, Value& value, const std::string& help) {
  return Option(app_->add_option(name, value, help));
}

using Name = const std::string&;
template Option Command::option(Name, int&, Name);
template Option Command::option(Name, std::int64_t&, Name);
template Option Command::option(Name, std::uint64_t&, Name);
template Option Command::option(Name, double&, Name);
template Option Command::option(Name, std::string&, Name);
template Option Command::option(Name, std::filesystem::path&, Name);
template Option Command::option(Name, std::optional<int>&, Name);
template Option Command::option(Name, std::optional<std::uint64_t>&, Name);
template Option Command::option(Name, std::optional<std::string>&, Name);
template Option Command::option(Name, std::vector<std::string>&, Name);

Option Command::flag(const std::string& name, bool& value, const std::string& help) {
  return Option(app_->add_flag(name, value, help));
}

void Command::footer(const std::string& text) {
  app_->footer(text);
}

void Command::pass_all_on() {
  app_->prefix_command();
  app_->set_help_flag();
}

std::vector<std::string> Command::remaining() const {
  return app_->remaining();
}

void Command::runs(Action& action, Action work) {
  app_->callback([&action, work] { action = work; });
}

void Command::makes(Action& action, std::function<Action()> make) {
  app_->callback([&action, make] { action = make(); });
}

void throw_missing(const std::string& names) {
  throw CLI::RequiredError(names);
}

CommandLine::CommandLine(const std::string& summary, const std::string& version,
                         const std::string& footer)
    : app_(std::make_unique<CLI::App>(summary)) {
  app_->require_subcommand(1);
  app_->set_version_flag("--version", version);
  app_->footer(footer);
}

CommandLine::~CommandLine() = default;

int CommandLine::run(int argc, char** argv, const Action& action) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_->exit(error) == 0 ? 0 : 2;
  }
  return run_guarded(action);
}

}  // namespace atto::cli
