#include "tests/search/slurm/fake_slurm.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <sstream>

#include "tests/search/process/process.hpp"

namespace atto::test {
namespace {

constexpr const char* kCommon =
    "#!/bin/sh\n"
    "cd \"$(dirname \"$0\")\" && me=$(basename \"$0\")\n"
    "echo \"$me $*\" >>asked\n"
    "[ -e $me.hangs ] && exec sleep 60\n"
    "[ -e $me.fails ] && { cat $me.fails >&2; exit 1; }\n"
    "[ -e $me.says ] && { cat $me.says; exit 0; }\n";

constexpr const char* kSubmit =
    "for word; do case $word in --array=1-*) count=${word#--array=1-};; esac; done\n"
    "job=$(($(cat job 2>/dev/null || echo 100) + 1)); echo $job >job\n"
    "for i in $(seq $count); do echo \"$job|$i|0|PENDING|0|0:00|Priority||\" >>queue; done\n"
    "echo $job\n";

}  // namespace

FakeSlurm::FakeSlurm(std::filesystem::path folder)
    : folder_(std::move(folder)), path_before_(std::getenv("PATH")) {
  std::filesystem::create_directories(folder_);
  const std::pair<const char*, const char*> programs[] = {{"squeue", "cat queue\n"},
                                                          {"sbatch", kSubmit},
                                                          {"scancel", ": >queue\n"},
                                                          {"sinfo", "cat nodes\n"}};
  for (const auto& [name, body] : programs) {
    write_text(folder_ / name, std::string(kCommon) + body);
    ::chmod((folder_ / name).c_str(), 0755);
  }
  write("queue", "");
  write("asked", "");
  ::setenv("PATH", (folder_.string() + ":" + path_before_).c_str(), 1);
}

FakeSlurm::~FakeSlurm() {
  ::setenv("PATH", path_before_.c_str(), 1);
}

void FakeSlurm::write(const std::string& name, const std::string& text) const {
  // A command that reads at this moment sees the old text or the new one.
  write_text(folder_ / (name + ".part"), text);
  std::filesystem::rename(folder_ / (name + ".part"), folder_ / name);
}

void FakeSlurm::remove(const std::string& name) const {
  std::filesystem::remove(folder_ / name);
}

std::string FakeSlurm::read(const std::string& name) const {
  return read_text(folder_ / name);
}

int FakeSlurm::calls(const std::string& command) const {
  std::istringstream lines(read("asked"));
  int count = 0;
  for (std::string line; std::getline(lines, line);) count += line.starts_with(command + " ");
  return count;
}

}  // namespace atto::test
