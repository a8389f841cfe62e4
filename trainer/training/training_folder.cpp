#include "trainer/training/training_folder.hpp"

#include <optional>
#include <system_error>
#include <vector>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "trainer/training/checkpoint.hpp"
#include "trainer/training/training_run.hpp"

namespace atto::train {
namespace {

namespace fs = std::filesystem;

/// What a training leaves, and what is computed of its weights.
constexpr std::string_view kFiles[] = {kCheckpointName,     net::kWeightsName,
                                       net::kReferenceName, net::kCalibrationName,
                                       kResultName,         net::kDesignName};

void remove_it(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw EnvironmentError("cannot remove", path.string(), error.value());
}

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
                           const std::string& design) {
  std::error_code error;
  const std::string own = identity_text(request);
  for (const auto& [name, key] : {std::pair(std::string(kCheckpointName), "identity"),
                                  std::pair(std::string(net::kWeightsName), "training")}) {
    if (!fs::exists(folder / name, error)) continue;
    const auto training = training_of(folder / name, key);
    if (training && *training != own) return "another training: " + name;
  }
  const fs::path kept = folder / net::kDesignName;
  if (fs::exists(kept, error) && spec::read_file(kept) != design)
    return std::string("another design: ") + net::kDesignName;
  return "";
}

void remove_training(const fs::path& folder) {
  for (const std::string_view name : kFiles) remove_it(folder / name);
  const std::string model = std::string(net::kModelStem) + ".";  // exported from it, in any format
  std::vector<fs::path> models;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(model)) models.push_back(entry.path());
  for (const fs::path& path : models) remove_it(path);
}

}  // namespace atto::train
