#pragma once
// What shells and manuals want to know of the command line: completions and the manual page, both
// from the same descriptions as the help.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace atto::cli {

/// What the last of `words` may become, one "NAME<tab>DESCRIPTION" a line: a command, an option, or
/// one of an option's alternatives. Empty where a file is wanted.
std::string completions(const CLI::App& app, const std::vector<std::string>& words);

/// Null where there is none.
const CLI::App* command_named(const CLI::App& app, const std::string& name);

/// A command's section of the manual page (roff).
std::string manual_section(const CLI::App& command);

/// The manual page (roff, section 1). `section_of` gives the section of each command.
std::string manual_page(const CLI::App& app,
                        const std::function<std::string(const CLI::App&)>& section_of);

}  // namespace atto::cli
