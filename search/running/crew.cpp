#include "search/running/crew.hpp"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "design_specs/errors.hpp"
#include "search/ledger/ledger.hpp"
#include "search/running/stop_signals.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kPatienceWithStops{1};

/// A child starts with no signal blocked and none ignored, whatever this process does.
class SignalsOfChild {
 public:
  explicit SignalsOfChild(short more_flags = 0) {
    posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigemptyset(&all);
    for (int number : {SIGINT, SIGTERM, SIGCHLD, SIGPIPE}) sigaddset(&all, number);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, static_cast<short>(POSIX_SPAWN_SETSIGMASK |
                                                              POSIX_SPAWN_SETSIGDEF | more_flags));
  }
  ~SignalsOfChild() { posix_spawnattr_destroy(&attributes_); }
  SignalsOfChild(const SignalsOfChild&) = delete;
  SignalsOfChild& operator=(const SignalsOfChild&) = delete;
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

/// stdin from nowhere, stdout and stderr to the log.
class FilesOfChild {
 public:
  explicit FilesOfChild(const fs::path& log) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0644);
    posix_spawn_file_actions_adddup2(&actions_, 1, 2);
  }
  ~FilesOfChild() { posix_spawn_file_actions_destroy(&actions_); }
  FilesOfChild(const FilesOfChild&) = delete;
  FilesOfChild& operator=(const FilesOfChild&) = delete;
  const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> found;
  for (std::string& text : texts) found.push_back(text.data());
  found.push_back(nullptr);
  return found;
}

bool sets(std::string_view entry, std::string_view name) {
  return entry.starts_with(name) && entry.substr(name.size()).starts_with('=');
}

/// This process's environment with the thread settings of a program that trains; they must stand
/// before exec, because OpenBLAS and OpenMP read them when they are loaded. A trial sets its own
/// number of OpenMP threads.
std::vector<std::string> training_environment() {
  std::vector<std::string> all = {"OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1",
                                  "OMP_DYNAMIC=false"};
  // Threads that wait for each other sleep after microseconds. OpenMP's own milliseconds would be
  // burnt at every barrier where the core of one of them has other work.
  if (std::getenv("GOMP_SPINCOUNT") == nullptr && std::getenv("OMP_WAIT_POLICY") == nullptr)
    all.emplace_back("GOMP_SPINCOUNT=1000");
  const std::size_t ours = all.size();
  for (char** entry = environ; *entry; ++entry)
    if (std::none_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(ours),
                     [&](std::string_view setting) {
                       return sets(*entry, setting.substr(0, setting.find('=')));
                     }))
      all.emplace_back(*entry);
  return all;
}

std::string last_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line, last;
  while (std::getline(in, line))
    if (!line.empty()) last = line;
  return last.substr(0, 500);
}

}  // namespace

std::string EndedWorker::text() const {
  if (signal != 0) return fmt::format("killed by signal {} ({})", signal, ::strsignal(signal));
  return fmt::format("exit code {}{}{}", exit_code, last_message.empty() ? "" : ": ", last_message);
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

void Crew::fill(std::chrono::milliseconds delay) {
  if (running() >= size_ || std::chrono::steady_clock::now() < last_end_ + delay) return;
  while (running() < size_) start();
}

void Crew::start() {
  Member member;
  member.name = fmt::format("{}.{}", prefix_, ++started_);
  member.log = log_folder_ / fmt::format("{}.log", member.name);
  std::vector<std::string> arguments = {command_.program.string()};
  arguments.insert(arguments.end(), command_.arguments.begin(), command_.arguments.end());
  for (const std::string& more :
       {std::string("--name"), member.name, std::string("--parent"), std::to_string(::getpid())})
    arguments.push_back(more);
  std::vector<std::string> environment = training_environment();
  // A process group of its own: a terminal's Ctrl-C reaches the coordinator alone, which passes it
  // on.
  const SignalsOfChild settings(POSIX_SPAWN_SETPGROUP);
  const FilesOfChild files(member.log);
  const int error = ::posix_spawn(&member.process, command_.program.c_str(), files.actions(),
                                  settings.attributes(), pointers(arguments).data(),
                                  pointers(environment).data());
  if (error != 0) throw EnvironmentError("cannot start a worker", command_.program.string(), error);
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
    ended.name = members_[i].name;
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
  while (!is_empty()) {
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
  const fs::path program = find_trainer();
  std::vector<std::string> arguments = {program.string(), "probe", "--device", device};
  std::vector<std::string> environment = training_environment();
  const SignalsOfChild settings;
  const FilesOfChild files(log);
  int process = 0, status = 0;
  const int error = ::posix_spawn(&process, program.c_str(), files.actions(), settings.attributes(),
                                  pointers(arguments).data(), pointers(environment).data());
  if (error != 0) throw EnvironmentError("cannot start", program.string(), error);
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
  std::vector<std::string> all = {program.string()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = training_environment();
  const SignalsOfChild settings;
  int process = 0;
  const int error = ::posix_spawn(&process, program.c_str(), nullptr, settings.attributes(),
                                  pointers(all).data(), pointers(environment).data());
  if (error != 0) throw EnvironmentError("cannot start", program.string(), error);
  int status = 0;
  while (::waitpid(process, &status, WNOHANG) == 0)
    if (signals.wait(200) == SIGTERM) ::kill(process, SIGTERM);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace atto::search
