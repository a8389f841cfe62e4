#pragma once
// What a running campaign says: one redrawn status line on a terminal, plain lines in a pipe; all
// on stderr.

#include <string>

#include "search/coordinator.hpp"

namespace atto::cli {

class Console : public search::Observer {
 public:
  /// `is_quiet`: trials and status are not shown, messages are.
  explicit Console(bool is_quiet);
  ~Console() override;
  void trial(const search::TrialNote& note) override;
  void status(const search::StatusNote& note) override;
  void message(const std::string& text) override;

 private:
  void line(const std::string& text);
  void clear();

  bool is_quiet_, is_terminal_;
  bool has_status_ = false;
};

/// "1.87M", "278k", "326".
std::string short_count(double count);
/// "2 h 05 min", "3 min 20 s", "12 s".
std::string duration_text(double seconds);
/// "1.2 GB", "34 MB".
std::string bytes_text(double bytes);

}  // namespace atto::cli
