#include "search/cli/path_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string_view>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "prototypes/language/artefact_names.hpp"
#include "search/ledger/open_ledger.hpp"

namespace atto::cli {
namespace {

namespace fs = std::filesystem;

struct Row {
  PathKind kind;
  const char* name;    ///< "is ..., for ..."
  const char* takers;  ///< of the commands; empty where none takes it
};
constexpr Row kRows[] = {
    {PathKind::Folder, "a folder", ""},
    {PathKind::DataSet, "the folder of a data set", "atto train --data"},
    {PathKind::Training, "the folder of a trained model", "atto export, eval, run, bench"},
    {PathKind::Campaign, "the run folder of a campaign",
     "atto status, report, explain, steer, resume, export, eval, run, bench"},
    {PathKind::Model, "a .atto model", "atto inspect, run, bench"},
    {PathKind::DetectorModel, "a detector's .atto model", "atto run, bench"},
    {PathKind::Weights, "a file of weights (safetensors)", "atto export, eval, import"},
    {PathKind::Spec, "a design spec", "atto check, generate, search, calibrate, tabulate"},
    {PathKind::Network, "a design or prototype", "atto check, inspect, train, reopen"},
    {PathKind::TrainingList, "a list of trainings", "atto train"},
    {PathKind::KeptResult, "the result of a training", "atto compare"},
    {PathKind::ClusterProfile, "the profile of a cluster", "atto search --slurm"},
    {PathKind::Image, "an image", "atto run MODEL"},
    {PathKind::Ledger, "the ledger of a campaign, whose folder is meant", "atto status, report"},
    {PathKind::Onnx, "an ONNX model", "atto import"},
    {PathKind::TensorFlowLite, "a TensorFlow Lite model", ""},
    {PathKind::PyTorch, "a zip archive, such as PyTorch's checkpoints", ""},
};

const Row& row_of(PathKind kind) {
  return *std::find_if(std::begin(kRows), std::end(kRows),
                       [kind](const Row& row) { return row.kind == kind; });
}

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  PathKind kind;
};
constexpr Magic kMagics[] = {
    {0, "ATTOMDL\n", PathKind::Model},    {0, "ATTODET\n", PathKind::DetectorModel},
    {0, "\xff\xd8\xff", PathKind::Image}, {0, "\x89PNG\r\n", PathKind::Image},
    {0, "PK\x03\x04", PathKind::PyTorch}, {4, "TFL3", PathKind::TensorFlowLite}};

/// The header of a safetensors file: its length, then a JSON object.
bool begins_as_safetensors(std::string_view start, std::uintmax_t size) {
  if (start.size() < 9 || start[8] != '{') return false;
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) length = length << 8 | static_cast<unsigned char>(start[i]);
  return length >= 2 && length <= size;
}

/// A protobuf message that begins as ONNX's: ir_version, then another field of a ModelProto.
bool begins_as_onnx(std::string_view start) {
  constexpr std::string_view kNextFields = "\x12\x1a\x22\x28\x32\x3a\x42";
  return start.size() > 2 && start[0] == '\x08' && start[1] > 0 && start[1] < 32 &&
         kNextFields.find(start[2]) != std::string_view::npos;
}

PathKind folder_kind(const fs::path& folder) {
  std::error_code ignored;
  const auto has = [&](const char* name) { return fs::exists(folder / name, ignored); };
  if (!search::ledger_in(folder).empty()) return PathKind::Campaign;
  if (has(net::kWeightsName)) return PathKind::Training;
  return fs::is_directory(folder / "train", ignored) ? PathKind::DataSet : PathKind::Folder;
}

/// "a .atto model, the folder of a trained model or the run folder of a campaign".
std::string names_of(std::initializer_list<PathKind> kinds) {
  std::string text;
  for (const PathKind& kind : kinds) {
    if (!text.empty()) text += &kind + 1 == kinds.end() ? " or " : ", ";
    text += row_of(kind).name;
  }
  return text;
}

[[noreturn]] void refuse(const fs::path& path, const std::string& rule) {
  throw SpecError({{path.string(), "", rule, ""}});
}

/// Whether a file's name ends in one of the endings, in letters of any size.
bool ends_in(const fs::path& file, std::initializer_list<std::string_view> endings) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(endings.begin(), endings.end(), extension) != endings.end();
}

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with(".");
}

/// The .atto files of a folder and of its winners.
std::vector<fs::path> models_in(const fs::path& folder) {
  std::vector<fs::path> places = {folder}, models;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
    if (entry.is_directory(ignored) && entry.path().filename().string().starts_with("winner"))
      places.push_back(entry.path());
  for (const fs::path& place : places)
    for (const fs::directory_entry& entry : fs::directory_iterator(place, ignored))
      if (ends_in(entry.path(), {".atto"}) && !is_hidden(entry.path()))
        models.push_back(entry.path());
  std::sort(models.begin(), models.end());
  return models;
}

/// What the first bytes of a file say.
struct ByBytes {
  PathKind kind = PathKind::Unknown;
  bool may_be_json = false;
};

constexpr std::size_t kFirstBytes = 16;

/// `start`: the first bytes of a file, kFirstBytes of them or all.
ByBytes by_bytes(std::string_view start, const fs::path& file) {
  start = start.substr(0, kFirstBytes);
  for (const Magic& magic : kMagics)
    if (start.substr(std::min(magic.offset, start.size())).starts_with(magic.bytes))
      return {magic.kind};
  if (search::is_ledger(start)) return {PathKind::Ledger};
  std::error_code ignored;
  if (begins_as_safetensors(start, fs::file_size(file, ignored))) return {PathKind::Weights};
  if (begins_as_onnx(start)) return {PathKind::Onnx};
  return {PathKind::Unknown, start.find_first_of("{\xef") != std::string_view::npos};
}

void expect(PathKind kind, const fs::path& path, const std::string& command,
            std::initializer_list<PathKind> wanted) {
  if (kind == PathKind::Unknown || std::find(wanted.begin(), wanted.end(), kind) != wanted.end())
    return;
  const bool takes_folders = std::any_of(wanted.begin(), wanted.end(), [](PathKind one) {
    return one == PathKind::Training || one == PathKind::Campaign;
  });
  if (kind == PathKind::Folder && takes_folders) return;
  const Row& row = row_of(kind);
  const std::string takers = row.takers;
  refuse(path, fmt::format("is {}{}; {} takes {}", row.name,
                           kind == PathKind::Folder ? ""
                           : takers.empty()         ? ", which no command of atto reads"
                                                    : ", for " + takers,
                           command, names_of(wanted)));
}

}  // namespace

bool is_spec(const spec::Value& root) {
  const auto has = [&](const char* key) { return root.find(key) != nullptr; };
  return (has("prototype") || has("require") || has("task") || has("search")) && !has("stages");
}

PathKind kind_of(const spec::Value& root) {
  if (is_spec(root)) return PathKind::Spec;
  if (root.find("trainings")) return PathKind::TrainingList;
  if (root.find("training") && root.find("outcome")) return PathKind::KeptResult;
  if (root.find("partition") || root.find("max_submit")) return PathKind::ClusterProfile;
  return root.find("stages") ? PathKind::Network : PathKind::Unknown;
}

PathKind kind_of(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return folder_kind(path);
  if (!fs::is_regular_file(path, ignored)) return PathKind::Unknown;
  try {
    const ByBytes found = by_bytes(spec::read_start(path, kFirstBytes), path);
    return found.may_be_json ? kind_of(spec::read_json(path).root) : found.kind;
  } catch (const std::exception&) {
    return PathKind::Unknown;  // whoever reads it says what is wrong
  }
}

void expect_kind(const fs::path& path, const std::string& command,
                 std::initializer_list<PathKind> wanted) {
  expect(kind_of(path), path, command, wanted);
}

std::optional<spec::JsonFile> read_if_json(const fs::path& path, const std::string& command,
                                           std::initializer_list<PathKind> wanted) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    expect(folder_kind(path), path, command, wanted);
    return std::nullopt;
  }
  std::string start = spec::read_start(path, spec::kMaxFileBytes + 1);
  if (const ByBytes found = by_bytes(start, path); found.kind != PathKind::Unknown) {
    expect(found.kind, path, command, wanted);
    return std::nullopt;
  }
  spec::JsonFile read = spec::read_json_file(path, std::move(start));
  expect(kind_of(read.document.root), path, command, wanted);
  return read;
}

spec::JsonFile read_expected(const fs::path& path, const std::string& command,
                             std::initializer_list<PathKind> wanted) {
  return read_if_json(path, command, wanted).value();
}

fs::path model_of(const fs::path& path, const std::string& command) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    expect_kind(path, command, {PathKind::Model, PathKind::Training, PathKind::Campaign});
    return path;
  }
  std::vector<fs::path> models = models_in(path);
  for (const fs::path& place : {path, path / "winner"}) {
    const fs::path model = place / (std::string(net::kModelStem) + ".atto");
    if (std::find(models.begin(), models.end(), model) != models.end()) return model;
  }
  if (models.size() == 1) return models.front();
  const std::string what = fmt::format("is {}", row_of(kind_of(path)).name);
  if (models.empty())
    refuse(path, fmt::format("{} and holds no .atto model; atto export {} --to atto writes one",
                             what, path.string()));
  std::string names;
  for (const fs::path& model : models) names += (names.empty() ? "" : ", ") + model.string();
  refuse(path, fmt::format("{} and holds several models; name one: {}", what, names));
}

std::vector<fs::path> images_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return {path};
  std::vector<fs::path> images;
  fs::recursive_directory_iterator entry(path, error), end;
  for (; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    const bool is_folder = entry->is_directory(ignored);
    if (is_hidden(entry->path()) && is_folder) entry.disable_recursion_pending();
    // What is there and no file, a pipe, would be waited for.
    const bool is_file = entry->is_regular_file(ignored) || !entry->exists(ignored);
    if (!is_hidden(entry->path()) && is_file && ends_in(entry->path(), {".jpg", ".jpeg", ".png"}))
      images.push_back(entry->path());
  }
  if (error) throw EnvironmentError("cannot list", path.string(), error.value());
  std::sort(images.begin(), images.end());
  return images;
}

}  // namespace atto::cli
