#include "export/wasm/node_run.hpp"

#include <cstdlib>
#include <cstring>
#include <string_view>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/outside_program.hpp"
#include "export/wasm/web_files.hpp"

namespace atto::deploy::web {
namespace {

namespace fs = std::filesystem;

std::string program() {
  const char* named = std::getenv("NODE");
  return named == nullptr || *named == '\0' ? "node" : named;
}

/// Why this machine cannot run such modules at all; empty where it can.
std::string trouble_of(const std::string& node, const fs::path& said) {
  constexpr int kTooOld = 3;
  const int code = spec::run_program(
      {node, "-e", "process.exit(parseInt(process.versions.node) < 18 ? 3 : 0)"}, said);
  if (code == spec::kNoProgram) return "no " + node;
  if (code == kTooOld) return node + " is older than 18";
  return code == 0 ? "" : node + " runs nothing";
}

/// The line of a trace that names the error.
std::string error_in(const fs::path& said) {
  const std::string text = spec::read_file(said);
  const std::size_t at = text.find("Error");
  const std::size_t begin = at == std::string::npos ? 0 : text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

NodeRan run_in_node(const fs::path& module, const fs::path& page, std::span<const float> images) {
  const auto beside = [&](const char* ending) { return fs::path(page.string() + ending); };
  const spec::ScratchFile runner(beside(".run.mjs")), inputs(beside(".inputs")),
      outputs(beside(".outputs")), said(beside(".said"));
  spec::write_file_atomically(runner.path, kRunner);
  spec::write_file_atomically(inputs.path,
                              {reinterpret_cast<const char*>(images.data()), images.size_bytes()});
  const std::string node = program();
  const int code = spec::run_program({node, runner.path.string(), module.string(), page.string(),
                                      inputs.path.string(), outputs.path.string()},
                                     said.path);
  if (code != 0) {
    const std::string error = code == spec::kNoProgram ? "" : error_in(said.path);
    if (std::string trouble = trouble_of(node, said.path); !trouble.empty())
      return {{}, node, std::move(trouble)};
    throw EnvironmentError(node + " " + page.filename().string() + " failed: " + error);
  }
  const std::string bytes = spec::read_file(outputs.path);
  NodeRan ran{{}, node};
  ran.logits.resize(bytes.size() / sizeof(float));
  std::memcpy(ran.logits.data(), bytes.data(), ran.logits.size() * sizeof(float));
  return ran;
}

}  // namespace atto::deploy::web
