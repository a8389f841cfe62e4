#pragma once
// What a running campaign says: one redrawn status line on a terminal, plain lines in a pipe; all
// on stderr.

#include <string>

#include "search/cli/quantity_text.hpp"
#include "search/cli/terminal.hpp"
#include "search/running/coordinator.hpp"

namespace atto::cli {

class Console : public search::Observer {
 public:
  /// `is_quiet`: trials and status are not shown, messages are.
  explicit Console(bool is_quiet) : is_quiet_(is_quiet) {}
  void trial(const search::TrialNote& note) override;
  void epoch(const search::EpochNote& note) override;
  void status(const search::StatusNote& note) override;
  void message(const std::string& text) override;

 private:
  bool is_quiet_;
  StatusLine line_;
};

}  // namespace atto::cli
