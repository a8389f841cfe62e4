#pragma once
// Programs that a process starts beside itself.

#include <filesystem>
#include <string>
#include <vector>

namespace atto::search {

/// Where a child reads and writes. A descriptor is handed on; -1: as this process does.
struct ChildFiles {
  int in = -1, out = -1, err = -1;
};

struct ChildStart {
  std::filesystem::path program;  ///< searched for in PATH unless it has a slash
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  ///< "NAME=VALUE"
  ChildFiles files;
  /// A terminal's Ctrl-C does not reach it.
  bool has_own_group = false;
};

/// Starts a program with no signal blocked and none ignored, whatever this process does. Returns
/// its process id. Throws EnvironmentError: "cannot start", or another `complaint`.
int start_child(const ChildStart& start, const char* complaint = "cannot start");

/// This process's environment.
std::vector<std::string> own_environment();
/// `settings` ("NAME=VALUE"), and of this process's environment what they do not set.
std::vector<std::string> environment_with(std::vector<std::string> settings);

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace atto::search
