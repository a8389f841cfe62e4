#include "search/cli/command_line.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <optional>
#include <type_traits>

#include "design_specs/reading/problems.hpp"
#include "search/cli/failure.hpp"
#include "search/cli/help_page.hpp"
#include "search/cli/shell_pages.hpp"
#include "search/cli/terminal.hpp"

namespace atto::cli {
namespace {

/// The name among `known` that was meant, as "; did you mean "NAME"?", or "".
std::string guess_text(std::string word, const std::vector<std::string>& known) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  const std::vector<std::string_view> names(known.begin(), known.end());
  const std::string_view near = spec::nearest_name(word, names);
  return near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near);
}

template <class Value>
struct NumberOf {
  using Type = Value;
};
template <class Value>
struct NumberOf<std::optional<Value>> {
  using Type = Value;
};
/// A value, or what an optional one holds.
template <class Value>
using Number = typename NumberOf<Value>::Type;

/// CLI11 takes -1 for the largest number without a sign, and all that is too large for the largest.
template <class Whole>
std::string fault_of(const std::string& text) {
  Whole value{};
  const char* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, value);
  if (stop == end && fault == std::errc{}) return "";
  return fmt::format("must be a whole number from {} to {}; got {}",
                     std::numeric_limits<Whole>::min(), std::numeric_limits<Whole>::max(), text);
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names = {"help", "version"};
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

/// What the command line has that its command does not know; nothing where it knows all.
std::optional<Problem> unknown_argument(const CLI::App& command, const std::string& name) {
  const std::vector<std::string> left = command.remaining();
  for (const std::string& word : left) {
    if (word.size() < 2 || word[0] != '-') continue;
    const std::string option = word.substr(0, word.find('='));
    return Problem{name, option, "unknown option" + guess_text(option, option_names(command)), ""};
  }
  if (left.empty()) return {};
  return Problem{name, "", "takes no further argument", left.front()};
}

/// A file that is opened must not get the number of a stream that the caller has closed: what is
/// said would be written into it.
void open_standard_streams() {
  for (const int stream : {0, 1, 2})
    if (::fcntl(stream, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) std::abort();
}

/// `help COMMAND` and `version` are other words for --help and --version; no word asks for help.
std::vector<std::string> plain_arguments(int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (words.empty() || words == std::vector<std::string>{"help"}) return {"--help"};
  if (words.front() == "version") words.front() = "--version";
  if (words.front() != "help") return words;
  if (words[1] == "help" || words[1] == "version") return {"--help"};
  return {words[1], "--help"};
}

/// The hidden word that stands first or behind a command's name; it is taken out of `words`.
std::string hidden_word(std::vector<std::string>& words) {
  for (std::size_t at = 0; at < std::min<std::size_t>(words.size(), 2); ++at)
    if (words[at] == "__complete" || words[at] == "__manual") {
      const std::string word = words[at];
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
      return word;
    }
  return "";
}

/// "--out=": its value would be the next word. Empty where there is none.
std::string option_without_value(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  const auto found = std::find_if(words.begin(), end, [](const std::string& word) {
    return word.starts_with("--") && word.ends_with('=');
  });
  return found == end ? "" : *found;
}

bool asks_for_json(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::find(words.begin(), end, "--json") != end;
}

}  // namespace

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

Option& Option::suggests(const std::vector<std::string>& names) {
  option_->type_name(fmt::format("TEXT:{{{}}}", fmt::join(names, ",")));
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
  CLI::Option* const option = app_->add_option(name, value, help);
  if constexpr (std::is_integral_v<Number<Value>>)
    option->check([](const std::string& text) { return fault_of<Number<Value>>(text); });
  return Option(option);
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
    : app_(std::make_unique<CLI::App>(summary, "atto")) {
  app_->formatter(std::make_shared<HelpPage>());
  app_->require_subcommand(1);
  app_->set_help_flag("-h,--help", "Show this page");
  app_->set_version_flag("--version", version, "Show the version");
  app_->footer(footer);
}

CommandLine::~CommandLine() = default;

void CommandLine::add(const std::string& group, std::initializer_list<Add> commands,
                      Action& action) {
  for (const Add command : commands) {
    command(*app_, action);
    app_->get_subcommands({}).back()->group(group);
  }
}

int CommandLine::run(int argc, char** argv, const Action& action) {
  open_standard_streams();
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const std::string hidden = hidden_word(words);
  if (hidden == "__complete") return complete(std::move(words), action);
  if (hidden == "__manual") return print_manual(words, action);
  const bool is_json = asks_for_json(words);
  words = plain_arguments(argc, argv);
  const std::vector<std::string> names = command_names(*app_);
  if (words.front()[0] != '-' &&
      std::find(names.begin(), names.end(), words.front()) == names.end())
    return refuse({"atto", words.front(), "unknown command" + guess_text(words.front(), names), ""},
                  is_json);
  if (const std::string option = option_without_value(words); !option.empty())
    return refuse({words.front() == option ? "atto" : "atto " + words.front(), option,
                   "must have a value", ""},
                  is_json);
  try {
    std::reverse(words.begin(), words.end());  // as CLI11 takes them
    app_->parse(words);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_->exit(error);
    const std::vector<CLI::App*> called = app_->get_subcommands();
    const CLI::App& command = called.empty() ? *app_ : *called.front();
    const std::string name = called.empty() ? "atto" : "atto " + command.get_name();
    return refuse(unknown_argument(command, name).value_or(Problem{name, "", error.what(), ""}),
                  is_json);
  }
  return run_guarded(action, is_json);
}

bool CommandLine::is_passed_on(const std::string& command) const {
  const auto commands = app_->get_subcommands({});
  return std::any_of(commands.begin(), commands.end(), [&](const CLI::App* known) {
    return known->get_name() == command && known->get_prefix_command();
  });
}

/// Lets the program that a command is passed on to answer; 1 where there is none.
int CommandLine::pass_on(std::vector<std::string> words, const Action& action) {
  std::reverse(words.begin(), words.end());
  std::fflush(stdout);
  try {
    app_->parse(words);
    return action();
  } catch (const std::exception&) {
    return 1;
  }
}

int CommandLine::complete(std::vector<std::string> words, const Action& action) {
  if (words.size() > 1 && is_passed_on(words.front())) {
    words.insert(words.begin() + 1, "__complete");
    return pass_on(std::move(words), action);
  }
  fmt::print("{}", completions(*app_, words));
  return 0;
}

int CommandLine::print_manual(const std::vector<std::string>& words, const Action& action) {
  if (!words.empty()) {
    const CLI::App* const command = command_named(*app_, words.front());
    if (command) fmt::print("{}", manual_section(*command));
    return command ? 0 : 2;
  }
  // Sections that another program prints go between.
  std::string page = manual_page(*app_, [](const CLI::App& command) {
    return command.get_prefix_command() ? "\f" + command.get_name() + "\f"
                                        : manual_section(command);
  });
  for (std::size_t mark = page.find('\f'); mark != std::string::npos; mark = page.find('\f')) {
    const std::size_t end = page.find('\f', mark + 1);
    const std::string name = page.substr(mark + 1, end - mark - 1);
    fmt::print("{}", page.substr(0, mark));
    if (pass_on({name, "__manual"}, action) != 0)
      fmt::print("{}", manual_section(*app_->get_subcommand(name)));
    page.erase(0, end + 1);
  }
  fmt::print("{}", page);
  return 0;
}

int CommandLine::refuse(const Problem& problem, bool is_json) {
  const bool has_command = problem.location != "atto";
  const int code = tell({2, "input", problem.text(), {problem}}, is_json);
  say("Help: " + (has_command ? problem.location + " --help" : "atto help") + "\n");
  return code;
}

}  // namespace atto::cli
