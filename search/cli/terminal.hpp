#pragma once
// What a terminal changes: colours, and one status line that is redrawn and always fits. In a pipe
// there are neither.

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace atto::cli {

/// Waits for a reader as long as there is one.
inline constexpr std::chrono::milliseconds kPatient{std::chrono::hours(24 * 365)};
/// Writes to a stream whose buffer is empty. Gives up, and returns false, where it is closed or
/// full, where its reader has stood still for so long, and where this process is asked to stop
/// meanwhile.
bool put(std::FILE* stream, std::string_view text, std::chrono::milliseconds patience = kPatient);
/// Writes to stderr. Where that does not go nobody is told, and the work goes on.
bool say(const std::string& text, std::chrono::milliseconds patience = kPatient);

/// Returns whether the stream is a terminal that moves its cursor (TERM=dumb does not).
bool is_terminal(std::FILE* stream);
/// The width of a line in a pipe.
inline constexpr int kUnbounded = 1 << 20;
/// Returns the stream's width in columns: what the terminal says, else $COLUMNS, else 80.
int terminal_columns(std::FILE* stream);

/// Counts the columns that a terminal needs for UTF-8 text: two for wide letters, none for marks
/// that combine; one for each byte that is no UTF-8.
int columns_of(std::string_view text);
/// Cuts text to so many columns; the end of what was cut becomes "...".
std::string cut_to_columns(std::string_view text, int columns);

enum class Style { Heading, Good, Bad, Hint };
/// Colours text for the stream; as it is in a pipe, on a dumb terminal and where NO_COLOR is set.
std::string painted(Style style, std::string_view text, std::FILE* stream);
/// Colours the quoted name of every 'did you mean "NAME"', and the place before the first ": ".
std::string painted_problem(std::string_view line, std::FILE* stream);

/// A part of a line, ranked from 0; parts of higher rank are left out first where not all fit.
struct LinePart {
  int rank = 0;
  std::string text;
};
/// Returns the highest rank that still fits into so many columns, at least 0.
int fitting_rank(const std::vector<LinePart>& parts, int columns);
/// Joins the parts up to a rank, two spaces between them; empty ones are none.
std::string joined(const std::vector<LinePart>& parts, int most);
/// Joins as many parts as fit, and cuts what still does not.
std::string fitted(const std::vector<LinePart>& parts, int columns);

/// Lines on stderr and, on a terminal, a status line below them that is redrawn in place. Work does
/// not wait for who reads them: lines that nobody reads are left out, and counted.
class StatusLine {
 public:
  StatusLine() : is_terminal_(cli::is_terminal(stderr)) {}
  ~StatusLine() { clear(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  bool is_shown() const { return is_terminal_; }
  /// Draws the status line, cut to the terminal; nothing in a pipe.
  void draw(const std::vector<LinePart>& parts);
  /// Prints a line that stays. On a terminal it is fitted too.
  void line(const std::vector<LinePart>& parts);
  /// Prints text that stays, as it is.
  void text(const std::string& text);
  void clear();

 private:
  bool is_terminal_;
  std::string drawn_;
  int unread_ = 0;
};

/// "[######......]" of so many columns between the brackets.
std::string bar_text(double share, int columns);

}  // namespace atto::cli
