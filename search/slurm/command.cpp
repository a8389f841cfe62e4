#include "search/slurm/command.hpp"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <thread>

#include "design_specs/errors.hpp"

namespace atto::search {
namespace {

constexpr std::size_t kLongestAnswer = std::size_t{64} << 20;

int anonymous_file(const char* name) {
  const int number = ::memfd_create(name, MFD_CLOEXEC);
  if (number < 0) throw EnvironmentError("cannot make a file in memory", name, errno);
  return number;
}

std::string contents_of(int descriptor) {
  std::string text;
  char part[16384];
  for (off_t at = 0; text.size() < kLongestAnswer;) {
    const ssize_t count = ::pread(descriptor, part, sizeof part, at);
    if (count <= 0) break;
    text.append(part, static_cast<std::size_t>(count));
    at += count;
  }
  return text;
}

/// Of Slurm's variables only those that say where it is: a person's SQUEUE_FORMAT or SBATCH_ARRAY
/// would change what is asked, and those of a job that this process runs in would become its
/// workers'.
std::vector<std::string> command_environment() {
  std::vector<std::string> kept = {"LC_ALL=C", "SLURM_TIME_FORMAT=standard"};
  for (std::string& entry : own_environment()) {
    const auto is = [&](std::string_view prefix) { return entry.starts_with(prefix); };
    const bool is_place = is("SLURM_CONF=") || is("SLURM_JWT=");
    if (is("LC_ALL=") || is("SQUEUE_") || is("SBATCH_") || is("SCANCEL_") || is("SINFO_")) continue;
    if (is("SLURM") && !is_place) continue;
    kept.push_back(std::move(entry));
  }
  return kept;
}

}  // namespace

std::string CommandEnd::why() const {
  if (is_too_late) return "no answer in time";
  std::string_view rest = err;
  while (!rest.empty() && (rest.back() == '\n' || rest.back() == ' ')) rest.remove_suffix(1);
  if (const std::size_t line = rest.rfind('\n'); line != std::string_view::npos)
    rest.remove_prefix(line + 1);
  std::string shown(rest.substr(0, 300));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < 32; }, ' ');
  return shown.empty() ? "exit code " + std::to_string(exit_code) : shown;
}

SlurmCommand::SlurmCommand(const std::vector<std::string>& words, std::chrono::milliseconds limit)
    : name_(words.front()),
      out_(anonymous_file("out")),
      err_(anonymous_file("err")),
      end_(std::chrono::steady_clock::now() + limit) {
  const Descriptor in(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  process_ = start_child({name_,
                          {words.begin() + 1, words.end()},
                          command_environment(),
                          {in.number(), out_.number(), err_.number()},
                          true});
}

SlurmCommand::~SlurmCommand() {
  if (process_ == 0) return;
  ::kill(-process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

std::optional<CommandEnd> SlurmCommand::poll() {
  int status = 0;
  if (process_ == 0) return {};
  const int found = ::waitpid(process_, &status, WNOHANG);
  if (found == 0 || (found < 0 && errno == EINTR)) {
    if (std::chrono::steady_clock::now() > end_) {
      is_too_late_ = true;
      ::kill(-process_, SIGKILL);
    }
    return {};
  }
  process_ = 0;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return CommandEnd{code, is_too_late_, contents_of(out_.number()), contents_of(err_.number())};
}

CommandEnd run_slurm(const std::vector<std::string>& words, std::chrono::milliseconds limit) {
  SlurmCommand command(words, limit);
  for (;;) {
    if (std::optional<CommandEnd> end = command.poll()) return *end;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace atto::search
