// How atto looks: help, wrong words, colours and progress on terminals and in pipes.
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <sstream>

#include "search/cli/terminal.hpp"
#include "tests/search/process/process.hpp"

using namespace atto::test;
using atto::cli::columns_of;

namespace {

const std::vector<std::string> kCommands = {
    "check",     "inspect",  "generate", "reopen", "search", "resume", "status",
    "steer",     "explain",  "report",   "worker", "ledger", "run",    "bench",
    "calibrate", "tabulate", "data",     "export", "import"};

std::vector<std::string> split(const std::string& text, char between) {
  std::vector<std::string> pieces;
  std::istringstream in(text);
  for (std::string piece; std::getline(in, piece, between);) pieces.push_back(piece);
  return pieces;
}

/// Text without colours and other escapes.
std::string plain(const std::string& text) {
  std::string left;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\x1b') {
      left += text[i];
      continue;
    }
    while (i < text.size() && !std::isalpha(static_cast<unsigned char>(text[i]))) ++i;
  }
  return left;
}

/// Runs "ENVIRONMENT atto ARGUMENTS" on a terminal of so many columns; what it wrote there.
Ended run_on_terminal(const Scratch& scratch, const std::string& arguments, int columns,
                      const std::string& environment = "") {
  const std::string command = "cd '" + (scratch / "").string() +
                              "' && unset NO_COLOR && TERM=xterm " + environment +
                              " exec " ATTO_BIN_DIR "/atto " + arguments;
  winsize size{};
  size.ws_row = 24;
  size.ws_col = static_cast<unsigned short>(columns);
  int terminal = -1;
  const int process = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (process == 0) {
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(127);
  }
  Ended ended;
  char bytes[4096];
  for (ssize_t got; (got = ::read(terminal, bytes, sizeof bytes)) > 0;)
    ended.out.append(bytes, static_cast<std::size_t>(got));
  int status = 0;
  ::waitpid(process, &status, 0);
  ::close(terminal);
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended;
}

/// The columns of the widest thing that was drawn at once, of the lines that begin with '['.
int widest_progress(const std::string& written) {
  int widest = 0;
  for (const std::string& line : split(written, '\n'))
    for (const std::string& drawn : split(line, '\r'))
      if (const std::string text = plain(drawn); !text.empty() && text[0] == '[')
        widest = std::max(widest, columns_of(text));
  return widest;
}

std::string small_search(const std::string& out) {
  return "search " + tiny_spec() + " --evaluator fake --candidates 4 --workers 2 --out " + out;
}

}  // namespace

TEST_CASE("Every command's help fits 80 columns, says atto, and has an example") {
  const Scratch scratch;
  for (const std::string& command : kCommands) {
    INFO(command);
    const Ended help = run_atto(scratch, command + " --help");
    CHECK(help.code == 0);
    CHECK(help.out.find("Usage: atto " + command + " ") == 0);
    CHECK(help.out.find("Example") != std::string::npos);
    CHECK(help.out.find('\x1b') == std::string::npos);
    for (const char* type : {"UINT", "INT:", "REQUIRED", "Excludes"})
      CHECK(help.out.find(type) == std::string::npos);
    bool is_option = false;
    for (const std::string& line : split(help.out, '\n')) {
      INFO(line);
      CHECK(columns_of(line) <= 80);
      if (is_option) CHECK((line.empty() || line.starts_with("  ")));
      is_option = line == "Options:" || (is_option && !line.empty());
    }
    CHECK(run_atto(scratch, "help " + command).out == help.out);
  }
}

TEST_CASE("atto alone, atto help and atto --help list the commands; atto version tells its own") {
  const Scratch scratch;
  const Ended help = run_atto(scratch, "--help");
  CHECK(help.code == 0);
  CHECK(help.out.find("Campaigns:\n  search ") != std::string::npos);
  CHECK(run_atto(scratch, "").out == help.out);
  CHECK(run_atto(scratch, "help").out == help.out);
  const Ended version = run_atto(scratch, "version");
  CHECK(version.code == 0);
  CHECK(version.out == run_atto(scratch, "--version").out);
  CHECK(version.out.find("atto 0.") == 0);
}

TEST_CASE("A word that is nearly a command or an option is told which") {
  const Scratch scratch;
  const auto told = [&](const std::string& arguments) {
    const Ended ended = run_atto(scratch, arguments);
    CHECK(ended.code == 2);
    CHECK(ended.out.empty());
    return ended.err;
  };
  CHECK(told("serach") ==
        "atto: serach: unknown command; did you mean \"search\"?\nHelp: atto help\n");
  CHECK(told("Search x").find("did you mean \"search\"?") != std::string::npos);
  CHECK(told("help serach").find("did you mean \"search\"?") != std::string::npos);
  CHECK(told("frobnicate") == "atto: frobnicate: unknown command\nHelp: atto help\n");
  CHECK(told("search x --candidate 3") ==
        "atto search: --candidate: unknown option; did you mean \"--candidates\"?\n"
        "Help: atto search --help\n");
  // What is missing beside it is not what is said.
  CHECK(told("search --candidate=3").find("did you mean \"--candidates\"?") != std::string::npos);
  CHECK(told("status a b").find("atto status: takes no further argument; got b") == 0);
  CHECK(told("status").find("atto status: folder is required") == 0);
}

TEST_CASE("Text is cut to columns, not bytes") {
  CHECK(columns_of("plain") == 5);
  CHECK(columns_of("gr\xc3\xbc\xc3\x9f") == 4);
  CHECK(columns_of("\xe7\x8c\xab") == 2);  // one wide letter
  CHECK(columns_of("e\xcc\x81") == 1);     // e and a mark that combines
  CHECK(columns_of("\xff\xfe") == 2);      // no UTF-8
  CHECK(columns_of("\xe7\x8c") == 2);      // cut off
  CHECK(atto::cli::cut_to_columns("abcdefgh", 8) == "abcdefgh");
  CHECK(atto::cli::cut_to_columns("abcdefghi", 8) == "abcde...");
  CHECK(atto::cli::cut_to_columns("\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab", 5) == "\xe7\x8c\xab...");
  CHECK(atto::cli::cut_to_columns("abc", 2) == "..");
  CHECK(atto::cli::fitted({{2, "bar"}, {0, "1/2"}, {1, "eta"}}, 80) == "bar  1/2  eta");
  CHECK(atto::cli::fitted({{2, "bar"}, {0, "1/2"}, {1, "eta"}}, 12) == "1/2  eta");
  CHECK(atto::cli::fitted({{2, "bar"}, {0, "1/2"}, {1, "eta"}}, 7) == "1/2");
}

TEST_CASE("Progress fits terminals of any width and stays in its line") {
  const Scratch scratch;
  for (const int columns : {40, 80, 200}) {
    INFO(columns);
    const Ended ended = run_on_terminal(scratch, small_search("run" + std::to_string(columns)),
                                        columns, "ATTO_FAKE_EPOCH_SECONDS=0.03");
    CHECK(ended.code == 0);
    CHECK(widest_progress(ended.out) < columns);
    CHECK(widest_progress(ended.out) > 20);
    // A line a job and no line a redrawing.
    const auto lines = split(plain(ended.out), '\n');
    CHECK(std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
            return line.find(" val ") != std::string::npos && line[0] == '[';
          }) <= 14);
    CHECK(lines.size() < 40);
  }
}

TEST_CASE("Colours are for terminals that want them") {
  const Scratch scratch;
  const auto colours = [](const std::string& text) {
    return text.find("\x1b[1;3") != std::string::npos;
  };
  CHECK(colours(run_on_terminal(scratch, "serach", 80).out));
  CHECK_FALSE(colours(run_on_terminal(scratch, "serach", 80, "NO_COLOR=1").out));
  CHECK(colours(run_on_terminal(scratch, "serach", 80, "NO_COLOR=").out));
  CHECK_FALSE(colours(run_on_terminal(scratch, "serach", 80, "TERM=dumb").out));
  CHECK_FALSE(colours(run_atto(scratch, "serach").err));
  CHECK(run_on_terminal(scratch, "help search", 80).out.find("\x1b[1mUsage:") == 0);
  const Ended search = run_on_terminal(scratch, small_search("run"), 80);
  CHECK(search.out.find("\x1b[1;32mwinner") != std::string::npos);
}

TEST_CASE("In a pipe a finalist reports its epochs in plain lines") {
  const Scratch scratch;
  const Ended ended = run_atto(scratch, small_search("run"), "ATTO_FAKE_EPOCH_SECONDS=0.25");
  REQUIRE(ended.code == 0);
  CHECK((ended.out + ended.err).find('\x1b') == std::string::npos);
  CHECK(ended.err.find('\r') == std::string::npos);
  const auto lines = split(ended.err, '\n');
  std::size_t epochs = 0;
  for (const std::string& line : lines)
    if (line.find("final ") == 0 && line.find("epoch ") != std::string::npos) {
      ++epochs;
      CHECK(line.find("/6  val ") != std::string::npos);
      CHECK(line.find("about ") != std::string::npos);
    }
  CHECK(epochs >= 2);
  CHECK(epochs <= 20);  // 4 trainings of 6 epochs, the last of each with its result
}

TEST_CASE("Lines that nobody reads are left out and counted, and nobody is waited for twice") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const int screen = ::dup(2);
  const std::string full(65536, '.');
  REQUIRE(::write(ends[1], full.data(), full.size()) == 65536);
  ::dup2(ends[1], 2);
  {
    atto::cli::StatusLine line;
    line.text("one");
    for (int i = 0; i < 100; ++i) line.text("more");  // minutes, if each were waited for
    std::string read(65536, ' ');
    for (std::size_t got = 0; got < read.size();)
      got += static_cast<std::size_t>(::read(ends[0], read.data(), read.size()));
    line.text("last");
  }
  ::dup2(screen, 2);
  char rest[200];
  const ssize_t count = ::read(ends[0], rest, sizeof rest);
  for (const int descriptor : {ends[0], ends[1], screen}) ::close(descriptor);
  CHECK(std::string(rest, static_cast<std::size_t>(count)) ==
        "lines left out, since nobody read them: 101\nlast\n");
}
