// A page that classifies pictures, and a package for pages and Node: engine and model inside.
#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/runtime/engine.hpp"
#include "export/targets/aligned_bytes.hpp"
#include "export/targets/targets.hpp"
#include "export/wasm/node_run.hpp"
#include "export/wasm/web_files.hpp"
#include "export/wasm/web_package.hpp"

namespace atto::deploy {

extern const Target kAttoTarget;

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCompanions[] = {".web/atto_edge.mjs", ".web/atto_edge.wasm",
                                            ".web/model.atto", ".web/package.json"};

fs::path package_of(const fs::path& page) {
  return fs::path(page).replace_extension(".web");
}

bool can_write(Precision precision) {
  return precision != Precision::Bf16;  // which WebAssembly computes in floats
}

void write(const ExportSource& source, const fs::path& file) {
  const std::string engine = web::read_engine(), name = file.stem().string();
  const fs::path package = package_of(file);
  std::error_code error;
  fs::create_directories(package, error);
  if (error) throw EnvironmentError("cannot make", package.string(), error.value());
  kAttoTarget.write(source, package / "model.atto");
  spec::write_file_atomically(package / "atto_edge.wasm", engine);
  spec::write_file_atomically(package / "atto_edge.mjs", web::kModule);
  spec::write_file_atomically(package / "package.json", web::package_json(name));
  spec::write_file_atomically(file,
                              web::page_of(name, engine, spec::read_file(package / "model.atto")));
}

/// What our engine makes of the model that a page holds.
std::vector<float> logits_of(const fs::path& page, const ImageSet& images) {
  const std::string model = web::model_in(spec::read_file(page));
  const AlignedBytes aligned(std::as_bytes(std::span(model)));
  edge::Engine engine(edge::Model::view(aligned.get()));
  std::vector<float> logits;
  for (std::int64_t n = 0; n < images.count; ++n) {
    engine.run(images.image(n));
    const std::span<const float> made = engine.output(0);
    logits.insert(logits.end(), made.begin(), made.end());
  }
  return logits;
}

Ran run(const ExportSource& /*source*/, const fs::path& file, const ImageSet& images) {
  web::NodeRan ran = web::run_in_node(package_of(file) / "atto_edge.mjs", file, images.inputs);
  if (!ran.not_run.empty()) ran.logits = logits_of(file, images);
  return {std::move(ran.logits), std::move(ran.run_by), std::move(ran.not_run)};
}

}  // namespace

extern const Target kWebTarget;
const Target kWebTarget = {.name = "web",
                           .extension = ".html",
                           .companions = kCompanions,
                           .can_write = can_write,
                           .can_write_detector = nullptr,
                           .require_tools = [] { web::read_engine(); },
                           .quantise = quantise_model,
                           .write = write,
                           .run = run};

}  // namespace atto::deploy
