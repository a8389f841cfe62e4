#include "search/cli/help_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "search/cli/terminal.hpp"

namespace atto::cli {
namespace {

constexpr int kMostColumns = 80;
constexpr int kNameColumns = 24;  ///< a longer name has a line of its own
constexpr std::size_t kLongestNames = 44;

int page_columns() {
  return is_terminal(stdout) ? std::clamp(terminal_columns(stdout), 40, kMostColumns)
                             : kMostColumns;
}

/// Breaks text at spaces into lines that begin after `indent` columns.
std::string wrapped(std::string_view text, int indent) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  std::string page, line;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (!line.empty() && indent + columns_of(line) + 1 + columns_of(word) > page_columns()) {
      page += line + "\n" + margin;
      line.clear();
    }
    line += (line.empty() ? "" : " ") + std::string(word);
  }
  return page + line;
}

std::string entry(const std::string& name, std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  const std::string start = fmt::format("  {:<{}}", name, kNameColumns - 2);
  const std::string gap = columns_of(name) + 4 > kNameColumns
                              ? "\n" + std::string(static_cast<std::size_t>(kNameColumns), ' ')
                              : "";
  return (gap.empty() ? start : "  " + name + gap) + wrapped(text, kNameColumns) + "\n";
}

std::string names_of(const std::set<CLI::Option*>& options) {
  std::string text;
  for (const CLI::Option* option : options) text += (text.empty() ? "" : ", ") + option->get_name();
  return text;
}

}  // namespace

std::vector<std::string> alternatives_of(const CLI::Option& option) {
  std::vector<std::string> names;
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  if (open == std::string::npos) return names;
  const std::string list = type.substr(open + 1, type.find('}', open) - open - 1);
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    names.push_back(list.substr(at, comma - at));
    at = comma + 1;
  }
  return names;
}

std::string value_text(const CLI::Option& option) {
  if (option.get_expected_max() == 0) return "";
  const std::vector<std::string> names = alternatives_of(option);
  const std::string all = fmt::format("{}", fmt::join(names, "|"));
  if (!names.empty() && all.size() <= kLongestNames) return all;
  return option.get_type_name().starts_with("TEXT") ? "TEXT" : "N";
}

std::string description_of(const CLI::Option& option) {
  std::string more;
  const auto add = [&more](const std::string& text) { more += (more.empty() ? "" : "; ") + text; };
  if (option.get_required() && option.nonpositional()) add("required");
  if (!option.get_default_str().empty()) add("default " + option.get_default_str());
  if (!option.get_needs().empty()) add("needs " + names_of(option.get_needs()));
  if (!option.get_excludes().empty()) add("not with " + names_of(option.get_excludes()));
  return option.get_description() + (more.empty() ? "" : " (" + more + ")");
}

std::string HelpPage::make_help(const CLI::App* app, std::string name,
                                CLI::AppFormatMode mode) const {
  if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
  return make_usage(app, std::move(name)) + "\n" + wrapped(app->get_description(), 0) + "\n" +
         make_positionals(app) + make_subcommands(app, mode) + make_groups(app, mode) + "\n" +
         make_footer(app);
}

std::string HelpPage::make_usage(const CLI::App* app, std::string name) const {
  std::string usage = painted(Style::Heading, "Usage:", stdout) + " " + name;
  if (!app->get_subcommands({}).empty()) return usage + " COMMAND ...\n";
  usage += " [OPTIONS]";
  for (const CLI::Option* option :
       app->get_options([](const CLI::Option* one) { return one->get_positional(); }))
    usage += " " + make_option_usage(option);
  return usage + "\n";
}

std::string HelpPage::make_group(std::string group, bool is_positional,
                                 std::vector<const CLI::Option*> options) const {
  std::string text =
      "\n" + painted(Style::Heading, (is_positional ? "Arguments" : group) + ":", stdout) + "\n";
  for (const CLI::Option* option : options) text += make_option(option, is_positional);
  return text;
}

std::string HelpPage::make_option(const CLI::Option* option, bool is_positional) const {
  std::string name = make_option_name(option, is_positional);
  if (const std::size_t comma = name.find(','); comma != std::string::npos)
    name.replace(comma, 1, ", ");
  const std::string value = is_positional ? "" : value_text(*option);
  return entry(name + (value.empty() ? "" : " " + value), description_of(*option));
}

std::string HelpPage::make_footer(const CLI::App* app) const {
  const std::string footer = app->get_footer();
  const std::size_t colon = footer.starts_with("Example") ? footer.find(':') + 1 : 0;
  return painted(Style::Heading, footer.substr(0, colon), stdout) + footer.substr(colon) + "\n";
}

std::string HelpPage::make_subcommand(const CLI::App* command) const {
  return entry(command->get_name(), command->get_description());
}

}  // namespace atto::cli
