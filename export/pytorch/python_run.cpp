#include "export/pytorch/python_run.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"

extern char** environ;

namespace atto::deploy::pytorch {
namespace {

namespace fs = std::filesystem;

constexpr int kNotFound = 127;

/// A file that is gone at the end.
struct ScratchFile {
  explicit ScratchFile(fs::path file) : path(std::move(file)) {}
  ~ScratchFile() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  const fs::path path;
};

/// Runs a program that is searched for, what it says going to a file; returns its exit code.
int run(const std::vector<std::string>& arguments, const fs::path& said) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments)
    pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, said.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  int process = 0;
  const int error =
      ::posix_spawnp(&process, pointers[0], &actions, nullptr, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return kNotFound;
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::vector<std::string> interpreters() {
  const char* named = std::getenv("PYTHON");
  if (named != nullptr && *named != '\0') return {named};
  return {"python3", "/usr/bin/python3"};
}

std::string last_line(const fs::path& file) {
  std::string text = spec::read_file(file);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

std::vector<float> logits_in(const fs::path& file) {
  const net::TensorFile made = net::read_safetensors(file);
  const net::Tensor& logits = made.tensors.at("logits");
  std::vector<float> values(logits.bytes.size() / sizeof(float));
  std::memcpy(values.data(), logits.bytes.data(), values.size() * sizeof(float));
  return values;
}

}  // namespace

PythonRan run_model_py(const fs::path& model, const net::Tensor& images) {
  const auto beside = [&](const char* ending) { return fs::path(model.string() + ending); };
  const ScratchFile inputs(beside(".inputs")), outputs(beside(".outputs")), said(beside(".said"));
  net::write_safetensors(inputs.path, {{{"inputs", images}}, {}});
  std::string reason;
  for (const std::string& python : interpreters()) {
    const int code =
        run({python, model.string(), inputs.path.string(), outputs.path.string()}, said.path);
    if (code == 0) return {logits_in(outputs.path), ""};
    if (code == kNotFound) {
      if (reason.empty()) reason = "no " + python;
      continue;
    }
    const std::string trouble = last_line(said.path);
    if (run({python, "-c", "import torch"}, said.path) == 0)
      throw EnvironmentError(python + " " + model.filename().string() + " failed: " + trouble);
    reason = python + " has no torch";
  }
  return {{}, reason};
}

}  // namespace atto::deploy::pytorch
