#pragma once
// Machines of a test: each has a network, a host's name and a boot of its own, and one link to the
// test's network, which can be cut. They share files and the kernel.

#include <filesystem>
#include <string>

namespace atto::test {

/// The address of what runs beside the test, as machines and the test itself reach it.
inline constexpr const char* kHere = "10.77.0.1";

/// Gives this process, and what it starts from now on, a network of its own, in which there is
/// nothing but loopback and kHere. Throws std::runtime_error with what it takes: the superuser's
/// rights.
void leave_the_network();

class Machine {
 public:
  /// `number`: 1 to 200, the machine's in the test. leave_the_network() comes first.
  explicit Machine(int number);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// "NAME=VALUE ..." of run_atto() that lets a program run there, in a folder.
  std::string in(const std::filesystem::path& folder) const;
  std::string address() const;
  void cut() const;
  void mend() const;

 private:
  std::string link() const;
  int number_, holder_ = 0;
};

}  // namespace atto::test
