#pragma once
// What a path that a person hands to a command is, by its first bytes or its contents, and which
// commands take it.

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "design_specs/reading/json_file.hpp"

namespace atto::cli {

enum class PathKind {
  Unknown,  ///< missing, unreadable, broken or of another program: left to who reads it
  Folder,
  DataSet,
  Training,
  Campaign,
  Model,
  DetectorModel,
  Weights,
  Spec,
  Network,
  TrainingList,
  KeptResult,
  ClusterProfile,
  Image,
  Ledger,
  Onnx,
  TensorFlowLite,
  PyTorch,
};

/// Reads no more than the first bytes, and all of a JSON file. Never throws.
PathKind kind_of(const std::filesystem::path& path);

/// Throws SpecError where the path is something else for certain: what it is, what takes it, and
/// what `command` takes ("atto bench"). A folder that is nothing of ours is left to commands that
/// take folders: they say what it lacks.
void expect_kind(const std::filesystem::path& path, const std::string& command,
                 std::initializer_list<PathKind> wanted);

/// Reads the JSON file of a command that takes a spec or a network, once. Throws as expect_kind,
/// and as read_json.
spec::JsonFile read_expected(const std::filesystem::path& path, const std::string& command,
                             std::initializer_list<PathKind> wanted);
/// As above, but returns nothing where the path is wanted and no JSON file: a model, say.
std::optional<spec::JsonFile> read_if_json(const std::filesystem::path& path,
                                           const std::string& command,
                                           std::initializer_list<PathKind> wanted);

/// Returns the .atto file that a path means: itself, or of a folder its model.atto, that of the
/// campaign's winner, or the only .atto file there. Throws SpecError as expect_kind, and for a
/// folder with none or several.
std::filesystem::path model_of(const std::filesystem::path& path, const std::string& command);

/// Returns the images that a path means: itself, or of a folder, by path, its files that end as
/// images do, those of its folders too; names that begin with a dot are passed over.
std::vector<std::filesystem::path> images_of(const std::filesystem::path& path);

/// As above, of a JSON document that is read already.
PathKind kind_of(const spec::Value& root);
/// Returns whether a JSON document is a design spec, not a network.
bool is_spec(const spec::Value& root);

}  // namespace atto::cli
