#include "trainer/training/training_folder.hpp"

#include <array>
#include <optional>
#include <system_error>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "trainer/training/checkpoint.hpp"
#include "trainer/training/training_run.hpp"

namespace atto::train {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDesignName = "design.json";

/// What a training leaves, and what is made of its weights.
constexpr std::array<std::string_view, 11> kFiles = {
    kCheckpointName,   net::kWeightsName, net::kReferenceName, net::kCalibrationName,
    "result.json",     kDesignName,       "model.atto",        "model.bf16.atto",
    "model.int8.atto", "model.onnx",      "model.int8.onnx"};

/// The training that a file of tensors says it is of; nothing for a file that cannot be read, which
/// holds no training any more.
std::optional<std::string> training_of(const fs::path& file, const char* key) {
  try {
    const net::TensorFile contents = net::read_safetensors(file);
    const auto found = contents.metadata.find(key);
    return found == contents.metadata.end() ? "" : found->second;
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

}  // namespace

std::string other_training(const fs::path& folder, const TrialRequest& request,
                           const fs::path& design) {
  std::error_code error;
  const std::string own = identity_text(request);
  for (const auto& [name, key] : {std::pair(std::string(kCheckpointName), "identity"),
                                  std::pair(std::string(net::kWeightsName), "training")}) {
    if (!fs::exists(folder / name, error)) continue;
    const auto training = training_of(folder / name, key);
    if (training && *training != own) return "another training: " + name;
  }
  const fs::path kept = folder / kDesignName;
  if (fs::exists(kept, error) && spec::read_file(kept) != spec::read_file(design))
    return std::string("another design: ") + kDesignName;
  return "";
}

void remove_training(const fs::path& folder) {
  for (const std::string_view name : kFiles) {
    std::error_code error;
    fs::remove(folder / name, error);
    if (error) throw EnvironmentError("cannot remove", (folder / name).string(), error.value());
  }
}

}  // namespace atto::train
