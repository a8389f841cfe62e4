#pragma once
// What a running campaign says: one redrawn status line on a terminal, plain lines in a pipe; all
// on stderr.

#include <string>
#include <utility>

#include "search/cli/quantity_text.hpp"
#include "search/cli/terminal.hpp"
#include "search/running/coordinator.hpp"

namespace atto::cli {

class Console : public search::Observer {
 public:
  /// Shows results in `score`. `is_quiet`: trials and status are not shown, messages are.
  Console(spec::Score score, bool is_quiet) : score_(std::move(score)), is_quiet_(is_quiet) {}
  void trial(const search::TrialNote& note) override;
  void epoch(const search::EpochNote& note) override;
  void status(const search::StatusNote& note) override;
  void message(const std::string& text) override;

 private:
  std::string result_text(const search::Verdict& verdict) const;
  /// "val 65.20 %"
  std::string value_text(const std::optional<double>& value) const;

  const spec::Score score_;
  bool is_quiet_;
  StatusLine line_;
};

}  // namespace atto::cli
