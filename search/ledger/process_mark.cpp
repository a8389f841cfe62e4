#include "search/ledger/process_mark.hpp"

#include <errno.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace atto::search {
namespace {

/// Tells one run of the machine from the next.
std::string boot() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string id;
  return in >> id ? id : "-";
}

/// Process ids mean something within one namespace alone.
std::string id_namespace() {
  std::error_code error;
  const std::string link = std::filesystem::read_symlink("/proc/self/ns/pid", error).string();
  return error ? "-" : link;
}

struct Stat {
  char state = '?';
  std::string start;  ///< in clock ticks since the machine started
};

/// Reads fields 3 and 22 of /proc/ID/stat; the second field may hold blanks and brackets.
std::optional<Stat> stat_of(int process) {
  std::ifstream in(fmt::format("/proc/{}/stat", process));
  std::string line;
  if (!std::getline(in, line) || line.rfind(')') == std::string::npos) return {};
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  Stat stat;
  fields >> stat.state;
  for (int field = 4; field <= 22; ++field) fields >> stat.start;
  if (!fields) return {};
  return stat;
}

struct Mark {
  std::string boot, id_namespace, start;
  int process = 0;
};

Mark read_mark(const std::string& text) {
  Mark mark;
  std::istringstream(text) >> mark.boot >> mark.id_namespace >> mark.process >> mark.start;
  return mark;
}

}  // namespace

std::int64_t machine_clock_ms() {
  timespec now{};
  // Not through the library, which tools that fake the time of day replace as a whole.
  ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

std::string machine_name() {
  char name[256] = "host";
  ::gethostname(name, sizeof name - 1);
  return name;
}

std::string process_mark() {
  const std::optional<Stat> stat = stat_of(::getpid());
  return fmt::format("{} {} {} {}", boot(), id_namespace(), ::getpid(), stat ? stat->start : "-");
}

Life life_of(const std::string& text) {
  const Mark mark = read_mark(text);
  if (mark.process <= 0 || mark.boot == "-") return Life::Unknown;
  if (mark.boot != boot()) return Life::Restarted;
  if (mark.id_namespace == "-" || mark.id_namespace != id_namespace()) return Life::Unknown;
  if (::kill(mark.process, 0) != 0 && errno == ESRCH) return Life::Ended;
  const std::optional<Stat> stat = stat_of(mark.process);
  if (!stat || mark.start == "-") return Life::Unknown;
  // Z, X: dead, and nobody has asked how it ended.
  const bool is_same = stat->start == mark.start && stat->state != 'Z' && stat->state != 'X';
  return is_same ? Life::Runs : Life::Ended;
}

int process_of(const std::string& mark) {
  return read_mark(mark).process;
}

}  // namespace atto::search
