#include "tests/search/cluster/machine.hpp"

#include <errno.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace atto::test {
namespace {

void shell(const std::string& command) {
  if (std::system(("PATH=$PATH:/usr/sbin:/sbin; " + command).c_str()) != 0)
    throw std::runtime_error(
        "these tests need the superuser's rights and iproute2 (apt-get install iproute2): " +
        command);
}

/// Stays in a machine of its own until it is killed: its namespaces last as long as it does.
int start_holder(int number) {
  std::string setting = fmt::format(
      "f=$(mktemp) && cat /proc/sys/kernel/random/uuid >$f && "
      "mount --bind $f /proc/sys/kernel/random/boot_id && rm $f && hostname machine{} && "
      "exec sleep infinity",
      number);
  std::string words[] = {
      "setpriv", "--pdeathsig=KILL", "unshare", "--net", "--mount", "--uts", "sh", "-c", setting};
  char* arguments[std::size(words) + 1] = {};
  for (std::size_t i = 0; i < std::size(words); ++i) arguments[i] = words[i].data();
  int process = 0;
  if (::posix_spawnp(&process, arguments[0], nullptr, nullptr, arguments, environ) != 0)
    throw std::runtime_error("these tests need setpriv and unshare (apt-get install util-linux)");
  return process;
}

}  // namespace

void leave_the_network() {
  static bool has_left = false;
  if (has_left) return;
  if (::unshare(CLONE_NEWNET) != 0)
    throw std::runtime_error(
        fmt::format("these tests need the superuser's rights to make networks of their own: {}",
                    std::strerror(errno)));
  shell(fmt::format("ip link set lo up && ip addr add {}/32 dev lo", kHere));
  has_left = true;
}

Machine::Machine(int number) : number_(number), holder_(start_holder(number)) {
  const std::string there = fmt::format("nsenter --target={} --net --mount --uts ", holder_);
  // The holder has its own name when it has all else.
  shell(
      fmt::format("for i in $(seq 100); do [ \"$({}hostname)\" = machine{} ] && exit 0; sleep "
                  "0.05; done; exit 1",
                  there, number_));
  shell(
      fmt::format("ip link add {0} type veth peer name eth0 netns {1} && "
                  "ip addr add 10.77.{2}.1/30 dev {0} && ip link set {0} up && "
                  "{3} sh -c 'ip link set lo up && ip addr add 10.77.{2}.2/30 dev eth0 && "
                  "ip link set eth0 up && ip route add default via 10.77.{2}.1'",
                  link(), holder_, number_, there));
}

Machine::~Machine() {
  ::kill(holder_, SIGKILL);
  ::waitpid(holder_, nullptr, 0);
}

std::string Machine::link() const {
  return fmt::format("machine{}", number_);
}

std::string Machine::in(const std::filesystem::path& folder) const {
  return fmt::format("nsenter --target={} --net --mount --uts env -C '{}' ", holder_,
                     folder.string());
}

std::string Machine::address() const {
  return fmt::format("10.77.{}.2", number_);
}

void Machine::cut() const {
  shell(fmt::format("ip link set {} down", link()));
}

void Machine::mend() const {
  shell(fmt::format("ip link set {} up", link()));
}

}  // namespace atto::test
