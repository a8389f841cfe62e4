#include "search/running/child_process.hpp"

#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>

#include "design_specs/errors.hpp"

namespace atto::search {
namespace {

/// A child starts with no signal blocked and none ignored.
class Attributes {
 public:
  explicit Attributes(bool has_own_group) {
    posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigemptyset(&all);
    for (int number : {SIGINT, SIGTERM, SIGCHLD, SIGPIPE}) sigaddset(&all, number);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_,
                             static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                (has_own_group ? POSIX_SPAWN_SETPGROUP : 0)));
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

class FileActions {
 public:
  explicit FileActions(const ChildFiles& files) {
    posix_spawn_file_actions_init(&actions_);
    const int wanted[] = {files.in, files.out, files.err};
    for (int number = 0; number < 3; ++number)
      if (wanted[number] >= 0) posix_spawn_file_actions_adddup2(&actions_, wanted[number], number);
  }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> found;
  for (const std::string& text : texts) found.push_back(const_cast<char*>(text.c_str()));
  found.push_back(nullptr);
  return found;
}

std::string_view name_of(std::string_view setting) {
  return setting.substr(0, setting.find('='));
}

}  // namespace

int start_child(const ChildStart& start, const char* complaint) {
  std::vector<std::string> arguments = {start.program.string()};
  arguments.insert(arguments.end(), start.arguments.begin(), start.arguments.end());
  const Attributes attributes(start.has_own_group);
  const FileActions actions(start.files);
  int process = 0;
  const int error = ::posix_spawnp(&process, start.program.c_str(), actions.get(), attributes.get(),
                                   pointers(arguments).data(), pointers(start.environment).data());
  if (error != 0) throw EnvironmentError(complaint, start.program.string(), error);
  return process;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** entry = environ; *entry; ++entry) all.emplace_back(*entry);
  return all;
}

std::vector<std::string> environment_with(std::vector<std::string> settings) {
  const std::size_t ours = settings.size();
  for (std::string& entry : own_environment())
    if (std::none_of(settings.begin(), settings.begin() + static_cast<std::ptrdiff_t>(ours),
                     [&](std::string_view setting) { return name_of(setting) == name_of(entry); }))
      settings.push_back(std::move(entry));
  return settings;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

}  // namespace atto::search
