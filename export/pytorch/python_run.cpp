#include "export/pytorch/python_run.hpp"

#include <cstdlib>
#include <cstring>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/outside_program.hpp"

namespace atto::deploy::pytorch {
namespace {

namespace fs = std::filesystem;

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
  const spec::ScratchFile inputs(beside(".inputs")), outputs(beside(".outputs")),
      said(beside(".said"));
  net::write_safetensors(inputs.path, {{{"inputs", images}}, {}});
  std::string reason;
  for (const std::string& python : interpreters()) {
    const int code = spec::run_program(
        {python, model.string(), inputs.path.string(), outputs.path.string()}, said.path);
    if (code == 0) return {logits_in(outputs.path), python};
    if (code == spec::kNoProgram) {
      if (reason.empty()) reason = "no " + python;
      continue;
    }
    const std::string trouble = last_line(said.path);
    if (spec::run_program({python, "-c", "import torch"}, said.path) == 0)
      throw EnvironmentError(python + " " + model.filename().string() + " failed: " + trouble);
    reason = python + " has no torch";
  }
  return {{}, {}, reason};
}

}  // namespace atto::deploy::pytorch
