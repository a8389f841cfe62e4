#include "search/running/crew.hpp"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "design_specs/errors.hpp"
#include "search/ledger/ledger.hpp"
#include "search/running/child_process.hpp"
#include "search/running/stop_signals.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kPatienceWithStops{1};

/// Opens a log to write on at its end.
int open_log(const fs::path& log) {
  const int number = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (number < 0) throw EnvironmentError("cannot write", log.string(), errno);
  return number;
}

int open_nothing() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace

std::string EndedWorker::text() const {
  if (!cause.empty()) return cause;
  if (signal != 0)
    return fmt::format("killed by signal {} ({}){}{}", signal, ::strsignal(signal),
                       reason.empty() ? "" : ": ", reason);
  return fmt::format("exit code {}{}{}", exit_code, last_message.empty() ? "" : ": ", last_message);
}

bool EndedWorker::is_fault_of_trial() const {
  if (!cause.empty()) return false;
  const bool gave_back = exit_code == 4 || exit_code == 130;
  return signal != 0 || (exit_code != 0 && !gave_back);
}

std::vector<std::string> training_settings() {
  std::vector<std::string> all = {"OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1",
                                  "OMP_DYNAMIC=false"};
  // Threads that wait for each other sleep after microseconds. OpenMP's own milliseconds would be
  // burnt at every barrier where the core of one of them has other work.
  if (std::getenv("GOMP_SPINCOUNT") == nullptr && std::getenv("OMP_WAIT_POLICY") == nullptr)
    all.emplace_back("GOMP_SPINCOUNT=1000");
  return all;
}

std::string last_line(const fs::path& log) {
  std::ifstream in(log);
  std::string line, last;
  while (std::getline(in, line))
    if (!line.empty()) last = line;
  return last.substr(0, 500);
}

Crew::Crew(WorkerCommand command, int size, fs::path log_folder)
    : command_(std::move(command)),
      size_(size),
      log_folder_(std::move(log_folder)),
      prefix_(fmt::format("own-{}-{}", ::getpid(), now_ms())) {}

Crew::~Crew() {
  signal_all(SIGKILL);
  for (const Member& member : members_) ::waitpid(member.process, nullptr, 0);
}

void Crew::fill(std::chrono::milliseconds delay, const std::function<int()>&) {
  if (running() >= size_ || std::chrono::steady_clock::now() < last_end_ + delay) return;
  while (running() < size_) start();
}

void Crew::start() {
  Member member;
  member.name = fmt::format("{}.{}", prefix_, ++started_);
  member.log = log_folder_ / fmt::format("{}.log", member.name);
  ChildStart start{command_.program, command_.arguments, environment_with(training_settings()), {}};
  for (const std::string& more :
       {std::string("--name"), member.name, std::string("--parent"), std::to_string(::getpid())})
    start.arguments.push_back(more);
  const Descriptor in(open_nothing()), log(open_log(member.log));
  start.files = {in.number(), log.number(), log.number()};
  // A terminal's Ctrl-C reaches the coordinator alone, which passes it on.
  start.has_own_group = true;
  member.process = start_child(start, "cannot start a worker");
  members_.push_back(std::move(member));
}

std::vector<EndedWorker> Crew::reap() {
  std::vector<EndedWorker> all;
  for (std::size_t i = 0; i < members_.size();) {
    int status = 0;
    rusage usage{};
    if (::wait4(members_[i].process, &status, WNOHANG, &usage) != members_[i].process) {
      ++i;
      continue;
    }
    const auto seconds = [](const timeval& time) {
      return double(time.tv_sec) + 1e-6 * double(time.tv_usec);
    };
    EndedWorker ended;
    ended.name = ended.start = members_[i].name;
    ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    ended.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    ended.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    ended.last_message = last_line(members_[i].log);
    std::error_code ignored;
    if (ended.last_message.empty()) fs::remove(members_[i].log, ignored);
    all.push_back(std::move(ended));
    members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(i));
    last_end_ = std::chrono::steady_clock::now();
  }
  return all;
}

void Crew::signal_all(int number) {
  for (const Member& member : members_) ::kill(member.process, number);
}

void Crew::freeze() {
  signal_all(SIGSTOP);
  // One that ended is left to reap().
  for (const Member& member : members_)
    ::waitid(P_PID, static_cast<id_t>(member.process), nullptr, WSTOPPED | WEXITED | WNOWAIT);
}

void Crew::thaw() {
  signal_all(SIGCONT);
}

void Crew::end(int number, StopSignals& signals,
               const std::function<void(const EndedWorker&)>& when_ended) {
  signal_all(number);
  const auto patience = std::chrono::steady_clock::now() + kPatienceWithStops;
  while (!members_.empty()) {
    const int signal = signals.wait(20);
    if (signal == SIGINT || signal == SIGTERM || std::chrono::steady_clock::now() > patience)
      signal_all(SIGKILL);
    for (const EndedWorker& ended : reap()) when_ended(ended);
  }
}

std::vector<std::string> Crew::names() const {
  std::vector<std::string> names;
  for (const Member& member : members_) names.push_back(member.name);
  return names;
}

fs::path binary_folder() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error)
    throw EnvironmentError("cannot find the running binary", "/proc/self/exe", error.value());
  return self.parent_path();
}

fs::path find_trainer() {
  const fs::path folder = binary_folder();
  for (const fs::path& place :
       {folder, folder.parent_path() / "libexec", folder.parent_path() / "libexec/atto"})
    if (::access((place / "atto-trainer").c_str(), X_OK) == 0) return place / "atto-trainer";
  throw EnvironmentError(
      fmt::format("atto-trainer is neither in {} nor in {}: build it (ATTO_BUILD_TRAINER=ON, "
                  "target atto-trainer)",
                  folder.string(), (folder.parent_path() / "libexec").string()));
}

void expect_device(const std::string& device) {
  const char* const kernels = std::getenv("ATTO_TRAIN_ISA");
  if (device != "cuda" && (kernels == nullptr || *kernels == '\0')) return;
  std::string log = (fs::temp_directory_path() / "atto-probe-XXXXXX").string();
  const int descriptor = ::mkstemp(log.data());
  if (descriptor < 0) throw EnvironmentError("cannot write", log, errno);
  ::close(descriptor);
  int status = 0;
  const Descriptor in(open_nothing()), said(open_log(log));
  const int process = start_child({find_trainer(),
                                   {"probe", "--device", device},
                                   environment_with(training_settings()),
                                   {in.number(), said.number(), said.number()}});
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  std::string words = last_line(log);
  if (words.starts_with("atto: ")) words.erase(0, 6);
  std::error_code ignored;
  fs::remove(log, ignored);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 2) throw SpecError({{"", "", words, ""}});
  if (status != 0)
    throw EnvironmentError("no training on " + device + ": " +
                           (words.empty() ? "atto-trainer probe failed" : words));
}

int run_program(const fs::path& program, const std::vector<std::string>& arguments) {
  // A terminal's Ctrl-C reaches the program too, which stops gently; this process waits for it.
  StopSignals signals(true);
  const int process =
      start_child({program, arguments, environment_with(training_settings()), ChildFiles{}});
  int status = 0;
  while (::waitpid(process, &status, WNOHANG) == 0)
    if (signals.wait(200) == SIGTERM) ::kill(process, SIGTERM);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace atto::search
