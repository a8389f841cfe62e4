#pragma once
// How a command's help looks: plain words for what an option takes, in 80 columns. CLI11's own
// pages run past the edge and speak of types.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace atto::cli {

class HelpPage : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_footer(const CLI::App* app) const override;
  std::string make_subcommand(const CLI::App* command) const override;
};

/// The words that an option takes; none where it takes any text or number.
std::vector<std::string> alternatives_of(const CLI::Option& option);

/// What an option takes: "TEXT", "N", or its alternatives; empty for a flag.
std::string value_text(const CLI::Option& option);

/// What the help says of an option, and what the checks of the command line add to it.
std::string description_of(const CLI::Option& option);

}  // namespace atto::cli
