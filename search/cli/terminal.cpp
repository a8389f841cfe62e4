#include "search/cli/terminal.hpp"

#include <errno.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace atto::cli {
namespace {

constexpr int kUnknownColumns = 80;

struct Letter {
  std::size_t bytes = 1;
  int columns = 1;
};

struct Range {
  std::uint32_t low, high;
};
// Of Unicode 15: blocks whose letters take two columns, and blocks of marks that take none.
constexpr Range kWide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},  {0xa960, 0xa97c}, {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},  {0xffe0, 0xffe6}, {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
constexpr Range kMarks[] = {{0x0300, 0x036f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f},
                            {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};

template <std::size_t Count>
bool is_in(const Range (&ranges)[Count], std::uint32_t code) {
  return std::any_of(std::begin(ranges), std::end(ranges), [code](const Range& range) {
    return code >= range.low && code <= range.high;
  });
}

/// Reads the letter that text begins with.
Letter first_letter(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t bytes = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (bytes == 1 || bytes > text.size()) return {};
  std::uint32_t code = lead & (0xffu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  return {bytes, is_in(kMarks, code) ? 0 : is_in(kWide, code) ? 2 : 1};
}

bool has_colours(std::FILE* stream) {
  const char* const no_colour = std::getenv("NO_COLOR");
  return is_terminal(stream) && !(no_colour && *no_colour != '\0');
}

/// Returns whether a request to stop waits for this process, which then has blocked its signal.
bool is_stop_pending() {
  sigset_t pending;
  return ::sigpending(&pending) == 0 &&
         (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1);
}

/// Waits until a write of kAtOnce bytes waits for nobody.
bool is_ready(int descriptor, std::chrono::milliseconds patience) {
  using Clock = std::chrono::steady_clock;
  constexpr int kLook = 100;
  const Clock::time_point begun = Clock::now();
  do {
    pollfd stream{descriptor, POLLOUT, 0};
    const int look = static_cast<int>(std::min<std::int64_t>(kLook, patience.count()));
    if (::poll(&stream, 1, look) > 0) return (stream.revents & POLLNVAL) == 0;
  } while (!is_stop_pending() && Clock::now() - begun < patience);
  return false;
}

}  // namespace

bool put(std::FILE* stream, std::string_view text, std::chrono::milliseconds patience) {
  constexpr std::size_t kAtOnce = 4096;  // a pipe that takes anything takes so many bytes: PIPE_BUF
  const int descriptor = ::fileno(stream);
  while (!text.empty()) {
    if (!is_ready(descriptor, patience)) return false;
    const ssize_t count = ::write(descriptor, text.data(), std::min(text.size(), kAtOnce));
    if (count < 0 && errno != EINTR && errno != EAGAIN) return false;
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(0, count)));
  }
  return true;
}

bool say(const std::string& text, std::chrono::milliseconds patience) {
  return put(stderr, text, patience);
}

bool is_terminal(std::FILE* stream) {
  const char* const kind = std::getenv("TERM");
  return ::isatty(::fileno(stream)) == 1 && !(kind && std::string_view(kind) == "dumb");
}

int terminal_columns(std::FILE* stream) {
  winsize size{};
  if (::ioctl(::fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* const columns = std::getenv("COLUMNS");
  const int number = columns ? std::atoi(columns) : 0;
  return number > 0 ? number : kUnknownColumns;
}

int columns_of(std::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    columns += letter.columns;
    text.remove_prefix(letter.bytes);
  }
  return columns;
}

std::string cut_to_columns(std::string_view text, int columns) {
  if (columns_of(text) <= columns) return std::string(text);
  const std::string dots(static_cast<std::size_t>(std::clamp(columns, 0, 3)), '.');
  int left = columns - static_cast<int>(dots.size());
  std::size_t end = 0;
  while (end < text.size()) {
    const Letter letter = first_letter(text.substr(end));
    if (letter.columns > left) break;
    left -= letter.columns;
    end += letter.bytes;
  }
  return std::string(text.substr(0, end)) + dots;
}

std::string painted(Style style, std::string_view text, std::FILE* stream) {
  if (!has_colours(stream) || text.empty()) return std::string(text);
  constexpr const char* kCodes[] = {"1", "1;32", "1;31", "36"};
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<int>(style)], text);
}

std::string painted_problem(std::string_view line, std::FILE* stream) {
  if (!has_colours(stream)) return std::string(line);
  const std::size_t place = line.find(": ");
  std::string text;
  if (place != std::string_view::npos) {
    text = painted(Style::Bad, line.substr(0, place), stream);
    line.remove_prefix(place);
  }
  constexpr std::string_view kAsk = "did you mean \"";
  const std::size_t ask = line.find(kAsk);
  const std::size_t end = ask == std::string_view::npos ? ask : line.find('"', ask + kAsk.size());
  if (end == std::string_view::npos) return text + std::string(line);
  const std::size_t begin = ask + kAsk.size() - 1;
  return text + std::string(line.substr(0, begin)) +
         painted(Style::Good, line.substr(begin, end + 1 - begin), stream) +
         std::string(line.substr(end + 1));
}

std::string joined(const std::vector<LinePart>& parts, int most) {
  std::string text;
  for (const LinePart& part : parts)
    if (part.rank <= most && !part.text.empty()) text += (text.empty() ? "" : "  ") + part.text;
  return text;
}

int fitting_rank(const std::vector<LinePart>& parts, int columns) {
  int rank = 0;
  for (const LinePart& part : parts) rank = std::max(rank, part.rank);
  while (rank > 0 && columns_of(joined(parts, rank)) > columns) --rank;
  return rank;
}

std::string fitted(const std::vector<LinePart>& parts, int columns) {
  return cut_to_columns(joined(parts, fitting_rank(parts, columns)), columns);
}

void StatusLine::draw(const std::vector<LinePart>& parts) {
  if (!is_terminal_) return;
  // The last column stays free: a terminal that has just filled it begins a new line.
  std::string now = fitted(parts, terminal_columns(stderr) - 1);
  if (now == drawn_) return;
  if (say("\r\x1b[K" + now, std::chrono::milliseconds(0))) drawn_ = std::move(now);
}

void StatusLine::line(const std::vector<LinePart>& parts) {
  text(fitted(parts, is_terminal_ ? terminal_columns(stderr) - 1 : kUnbounded));
}

void StatusLine::text(const std::string& text) {
  clear();
  // Who has not read a line for so long is not waited for again until they read.
  const std::chrono::milliseconds patience(unread_ > 0 ? 0 : 1000);
  const std::string before =
      unread_ > 0 ? fmt::format("lines left out, since nobody read them: {}\n", unread_) : "";
  unread_ = say(before + text + "\n", patience) ? 0 : unread_ + 1;
}

void StatusLine::clear() {
  if (!drawn_.empty()) say("\r\x1b[K", std::chrono::milliseconds(0));
  drawn_.clear();
}

std::string bar_text(double share, int columns) {
  const int full = std::clamp(static_cast<int>(share * columns), 0, columns);
  return fmt::format("[{:#>{}}{:.>{}}]", "", full, "", columns - full);
}

}  // namespace atto::cli
