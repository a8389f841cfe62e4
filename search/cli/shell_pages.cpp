#include "search/cli/shell_pages.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "search/cli/help_page.hpp"

namespace atto::cli {
namespace {

constexpr std::string_view kManualEnd = R"(.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
An expected miss: no feasible design, no finalist within a ceiling, outputs that do not agree.
.TP
.B 2
The command line or a file that was handed over is at fault.
.TP
.B 3
A model file is damaged or of another version.
.TP
.B 4
The machine is at fault: a disk, a device, a missing data set or program.
.TP
.B 130
Interrupted; a campaign goes on with
.BR "atto resume" .
.SH ENVIRONMENT
.TP
.B ATTO_DATA
Folders with data sets, separated by colons.
.TP
.B ATTO_ISA
Instruction set of the edge engine: scalar, avx2, avx512, avx512_vnni and more.
.TP
.B ATTO_TRAIN_ISA
The same for the trainer's own kernels.
.TP
.B NO_COLOR
Where set and not empty: no colours.
.SH SEE ALSO
The manual, the tutorial and the counting rules lie in the package's documentation folder.
)";

bool is_shown(const CLI::Option& option) {
  return option.nonpositional() && !option.get_group().empty();
}

/// The option that takes `word`'s value, where `word` is an option's name; null otherwise.
const CLI::Option* option_before(const CLI::App& command, const std::string& word) {
  if (word.size() < 2 || word[0] != '-') return nullptr;
  for (const CLI::Option* option : command.get_options())
    if (option->check_name(word) && option->get_expected_max() > 0) return option;
  return nullptr;
}

/// The values that a list has already, with the comma behind the last: "atto,onnx,".
std::string listed_before(const CLI::Option& option, const std::string& begun) {
  const char between = option.get_delimiter();
  return between == '\0' ? "" : begun.substr(0, begun.rfind(between) + 1);
}

std::string first_letter_upper(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

/// Text as roff takes it: hyphens that can be copied, no line that begins with a request.
std::string roff(const std::string& text) {
  std::string safe;
  for (const char letter : text) {
    if (letter == '\\')
      safe += "\\e";
    else if (letter == '-')
      safe += "\\-";
    else if ((letter == '.' || letter == '\'') && (safe.empty() || safe.back() == '\n'))
      safe += std::string("\\&") + letter;
    else
      safe += letter;
  }
  return safe;
}

std::string entry(const std::string& name, const std::string& value, const std::string& text) {
  return fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff(name),
                     value.empty() ? "" : " \\fI" + roff(value) + "\\fR",
                     roff(first_letter_upper(text)));
}

}  // namespace

const CLI::App* command_named(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands({}))
    if (command->get_name() == name) return command;
  return nullptr;
}

std::string completions(const CLI::App& app, const std::vector<std::string>& words) {
  const std::string begun = words.empty() ? "" : words.back();
  std::string lines;
  const auto offer = [&](const std::string& name, const std::string& text) {
    if (name.starts_with(begun))
      lines += name + (text.empty() ? "" : "\t" + first_letter_upper(text)) + "\n";
  };
  const CLI::App* const command = words.size() < 2 ? nullptr : command_named(app, words.front());
  if (!command) {
    if (words.size() > 1 && words.front() != "help") return "";
    for (const CLI::App* known : app.get_subcommands({}))
      offer(known->get_name(), known->get_description());
    if (words.size() < 2) offer("help", "Help on one command"), offer("version", "The version");
    return lines;
  }
  if (const CLI::Option* option = option_before(*command, words[words.size() - 2])) {
    const std::string listed = listed_before(*option, begun);
    for (const std::string& name : alternatives_of(*option))
      if (("," + listed).find("," + name + ",") == std::string::npos) offer(listed + name, "");
    return lines;
  }
  if (!begun.starts_with("-")) return "";
  for (const CLI::Option* option : command->get_options())
    if (is_shown(*option))
      for (const std::string& name : option->get_lnames())
        offer("--" + name, option->get_description());
  return lines;
}

std::string manual_section(const CLI::App& command) {
  std::string usage = "atto " + command.get_name();
  std::string text;
  for (const CLI::Option* option : command.get_options())
    if (!option->nonpositional()) {
      usage += " " + option->get_name();
      text += entry(option->get_name(), "", description_of(*option));
    }
  for (const CLI::Option* option : command.get_options())
    if (is_shown(*option)) {
      std::string name = option->get_name(false, true);
      if (const std::size_t comma = name.find(','); comma != std::string::npos)
        name.replace(comma, 1, ", ");
      text += entry(name, value_text(*option), description_of(*option));
    }
  std::string example = command.get_footer();
  if (!example.empty()) example = ".PP\n.nf\n" + roff(example) + "\n.fi\n";
  return fmt::format(".SS {}\n{}.\n{}{}", roff(usage), roff(command.get_description()), text,
                     example);
}

std::string manual_page(const CLI::App& app,
                        const std::function<std::string(const CLI::App&)>& section_of) {
  std::string page = fmt::format(
      ".TH ATTO 1 \"\" \"{}\" \"User commands\"\n.SH NAME\natto \\- {}\n.SH SYNOPSIS\n.B atto\n"
      ".I COMMAND\n[\\fIOPTIONS\\fR]\n.SH COMMANDS\n",
      "AttoForge", roff(app.get_description()));
  for (const CLI::App* command : app.get_subcommands({})) page += section_of(*command);
  return page + std::string(kManualEnd);
}

}  // namespace atto::cli
