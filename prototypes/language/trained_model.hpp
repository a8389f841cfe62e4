#pragma once
// A trained network as it lies on disk: weights, what their metadata says of the training, and the
// design beside them. The one reader of what the trainer, or a person's Python, wrote.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "design_specs/requirements/dataset_identity.hpp"
#include "prototypes/language/artefact_names.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::net {

/// What a weights file says of its training; every part may be absent.
struct TrainingMetadata {
  std::optional<TaskInput> input;  ///< absent = as the design is written
  std::vector<float> mean;         ///< per channel of pixels in [0, 1]; empty with `stddev`
  std::vector<float> stddev;
  std::vector<std::string> class_names;
  spec::DatasetIdentity data;
  spec::StatedSettings detector;  ///< how a detector was trained; anchors are stated
};

/// Under which a weights file's metadata has a detector's settings, as spec::settings_text().
inline constexpr const char* kDetectorKey = "detector";
/// Under which a reference's metadata has what is in the pictures, as COCO's annotations are.
inline constexpr const char* kTruthKey = "truth";

struct TrainedModel {
  Network network;     ///< at the input size and classes that it was trained for
  TensorFile weights;  ///< exactly the network's, all F32 and finite
  /// All parts, and `network` is their trunk; read_trained_design() alone gives one.
  std::optional<DetectorParts> detector = {};
  TrainingMetadata metadata;
  std::filesystem::path weights_file, design_file;
  std::string design_text;  ///< what read_trained_model found in the design file

  std::filesystem::path folder() const { return weights_file.parent_path(); }
};

/// Reads what a person names: a folder with weights.safetensors and design.json, a campaign's run
/// folder (its winner is meant), or a weights file. `design`: empty = design.json beside the
/// weights; `unsaid`: the input of weights that do not say theirs, absent = as the design is
/// written. F16 and BF16 tensors are widened, PyTorch's num_batches_tracked is passed over. Throws
/// SpecError naming the file and the tensor or the key, EnvironmentError.
TrainedModel read_trained_model(const std::filesystem::path& source,
                                const std::filesystem::path& design = {},
                                const std::optional<TaskInput>& unsaid = {});

/// Whether the design of what a person names is a detector.
bool is_trained_detector(const std::filesystem::path& source,
                         const std::filesystem::path& design = {});
/// As read_trained_model(), which refuses detectors; a detector's anchors are stated.
TrainedModel read_trained_design(const std::filesystem::path& source,
                                 const std::filesystem::path& design = {},
                                 const std::optional<TaskInput>& unsaid = {});
/// The same of a design that was read, which several trainings may share.
TrainedModel read_training_of(const Prototype& design, const std::filesystem::path& source,
                              const std::optional<TaskInput>& unsaid = {});

/// Gives tensors of other names those of the network, before they are checked.
using Renaming = std::function<void(TensorFile&, const Network&)>;

/// As read_trained_model, of weights and a design that were read. They are `weights_file` in
/// messages.
TrainedModel make_trained_model(TensorFile weights, const std::filesystem::path& weights_file,
                                const Prototype& design, const Renaming& rename = {},
                                const std::optional<TaskInput>& unsaid = {});

/// Reads the F32, F16 and BF16 tensors of what a person names, as read_trained_model does, of
/// whatever network they are. Throws SpecError, EnvironmentError.
TensorFile read_weights(const std::filesystem::path& source);

/// Returns a digest of the weights themselves, 16 hex digits: what is computed from them carries
/// it.
std::string weights_digest(const TensorFile& weights);

}  // namespace atto::net
