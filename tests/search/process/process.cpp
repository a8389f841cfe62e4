#include "tests/search/process/process.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace atto::test {

Scratch::Scratch() {
  std::string name = (std::filesystem::temp_directory_path() / "atto-test-XXXXXX").string();
  path_ = ::mkdtemp(name.data());
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Ended run_atto(const Scratch& scratch, const std::string& arguments,
               const std::string& environment) {
  const std::string out = (scratch / "stdout").string(), err = (scratch / "stderr").string();
  const std::string command = "cd '" + (scratch / "").string() + "' && " + environment +
                              " " ATTO_BIN_DIR "/atto " + arguments + " >'" + out + "' 2>'" + err +
                              "'";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_text(out),
          read_text(err)};
}

int start_atto(const Scratch& scratch, const std::string& arguments,
               const std::string& environment) {
  const std::string command = "cd '" + (scratch / "").string() + "' && exec env " + environment +
                              " " ATTO_BIN_DIR "/atto " + arguments + " >>log 2>&1";
  std::string shell = "sh", option = "-c", text = command;
  char* words[] = {shell.data(), option.data(), text.data(), nullptr};
  int process = 0;
  if (::posix_spawn(&process, "/bin/sh", nullptr, nullptr, words, environ) != 0) std::abort();
  return process;
}

int wait_for(int process, int seconds) {
  int status = 0;
  for (int i = 0; i < seconds * 100; ++i) {
    if (::waitpid(process, &status, WNOHANG) == process)
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    ::usleep(10000);
  }
  ::kill(process, SIGKILL);
  ::waitpid(process, &status, 0);
  return -1;
}

void sleep_for(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

nlohmann::json printed(const Scratch& scratch, const std::string& arguments) {
  const Ended ended = run_atto(scratch, arguments);
  if (ended.code != 0) throw std::runtime_error("atto " + arguments + ": " + ended.err);
  return nlohmann::json::parse(ended.out);
}

nlohmann::json boards_of(const Scratch& scratch, const std::filesystem::path& folder) {
  const Ended status = run_atto(scratch, "status " + folder.string() + " --json");
  nlohmann::json tiers = nlohmann::json::parse(status.out).at("tiers");
  for (nlohmann::json& tier : tiers)
    for (nlohmann::json& entry : tier.at("leaderboard"))
      for (const char* key : {"cpu_seconds", "wasted_cpu_seconds", "file", "reused"})
        entry.erase(key);
  return tiers;
}

std::string tiny_spec() {
  return ATTO_SOURCE_DIR "/tests/search/data/tiny.json";
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

}  // namespace atto::test
