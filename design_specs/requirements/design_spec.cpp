#include "design_specs/requirements/design_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "design_specs/paths.hpp"
#include "design_specs/requirements/keys.hpp"
#include "design_specs/requirements/readers.hpp"
#include "design_specs/requirements/section.hpp"

namespace atto::spec {
namespace {

/// A spec's name becomes a folder's name.
bool is_file_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::string read_name(Problems& problems, const Cursor& at) {
  const auto name = problems.text(at);
  if (!name) return "";
  if (!is_file_name(*name))
    problems.add(at, "must be 1 to 64 of A-Z a-z 0-9 _ - . and not begin with '.'");
  return *name;
}

void read_prototype(Problems& problems, const Cursor& at, DesignSpec& spec) {
  spec.prototype_location = at->location;
  const auto path = problems.text(at);
  if (!path) return;
  if (path->empty() || path->find('\0') != std::string::npos) {
    problems.add(at, "must be the path of a prototype");
    return;
  }
  spec.prototype = plain_path(spec.file.parent_path() / *path);
}

/// Where a task that finds objects names no data set.
constexpr const char* kDefaultScenes = "fashion_scenes";

/// Reads which of the tasks it is.
void read_kind(Problems& problems, const Cursor& at, const std::vector<TaskKind>& kinds,
               TaskKind& kind) {
  std::vector<std::string_view> names;
  for (const TaskKind& known : kinds) names.push_back(known.name);
  if (const auto index = problems.one_of(at, names)) kind = kinds[*index];
}

bool is_detector_setting(std::string_view key) {
  return std::find(kDetectorSettingsKeys.begin(), kDetectorSettingsKeys.end(), key) !=
         kDetectorSettingsKeys.end();
}

Task read_task(Problems& problems, const Cursor& at, const std::vector<TaskKind>& kinds) {
  Task task;
  task.kind = kinds.front();
  if (const auto entry = at->kind == Kind::Object ? Problems::member(at, "kind") : std::nullopt)
    read_kind(problems, *entry, kinds, task.kind);
  std::vector<std::string_view> keys(kTaskKeys.begin(), kTaskKeys.end());
  if (!task.kind.finds_objects()) {
    std::erase_if(keys, [](std::string_view key) { return is_detector_setting(key); });
    refuse_other_kinds(problems, at, task.kind, keys);
  }
  const Section section(problems, at, keys);
  if (task.kind.finds_objects()) {
    task.dataset = kDefaultScenes;
    task.detector = read_stated_settings(problems, at);
  }
  if (const auto entry = section.member("dataset"))
    if (const auto dataset = problems.text(*entry)) {
      task.dataset = *dataset;
      if (task.dataset.empty()) problems.add(*entry, "must not be empty");
      if (task.dataset.find('\0') != std::string::npos)
        problems.add(*entry, "must be the name or the path of a data set");
    }
  if (const auto entry = section.member("resolution"))
    if (const auto side = problems.integer(*entry, 1, kMaxResolution))
      task.resolution = static_cast<int>(*side);
  return task;
}

std::vector<ExportFormat> read_export(Problems& problems, const Cursor& at) {
  std::vector<ExportFormat> formats;
  if (at->kind != Kind::Array) {
    problems.add(at, "must be a list of formats");
    return formats;
  }
  for (std::size_t i = 0; i < at->items.size(); ++i) {
    const auto name = problems.text(at.at(i));
    if (!name) continue;
    if (std::any_of(formats.begin(), formats.end(),
                    [&](const ExportFormat& other) { return other.name == *name; }))
      problems.add(at.at(i), "a format must be listed once");
    formats.push_back({*name, at.at(i)->location});
  }
  return formats;
}

/// A share of a ceiling needs the ceiling, in every tier.
void check_shares(Problems& problems, const Cursor& root, const DesignSpec& spec) {
  const auto search = Problems::member(root, "search");
  const auto band = search ? Problems::member(*search, "band") : std::nullopt;
  if (!band) return;
  const auto check = [&](std::string_view name, double share, Bound Requirements::*bound) {
    const bool is_there =
        spec.tiers.empty()
            ? (spec.require.*bound).max.has_value()
            : std::all_of(spec.tiers.begin(), spec.tiers.end(),
                          [&](const Tier& tier) { return (tier.require.*bound).max; });
    if (share > 0 && !is_there)
      problems.add(*Problems::member(*band, name),
                   fmt::format("is a share of /require/{}/max, which is not there", name));
  };
  check("params", spec.search.band.params, &Requirements::params);
  check("macs", spec.search.band.macs, &Requirements::macs);
  check("peak_activation_kib", spec.search.band.peak_activation_kib,
        &Requirements::peak_activation_kib);
  check("model_kib", spec.search.band.model_kib, &Requirements::model_kib);
}

bool asks_footprint(const DesignSpec& spec) {
  return spec.require.asks_footprint() ||
         std::any_of(spec.tiers.begin(), spec.tiers.end(),
                     [](const Tier& tier) { return tier.require.asks_footprint(); });
}

void read_settings(Problems& problems, const Cursor& root,
                   std::span<const std::string_view> strategies, DesignSpec& spec) {
  spec.maximise.score = spec.task.kind.main_score();
  if (const auto at = Problems::member(root, "maximise"))
    spec.maximise = read_objective(problems, *at, spec.task.kind);
  // NetScore rewards shrinking, which a band would forbid.
  if (spec.maximise.is_netscore) spec.search.band = 0;
  // What a device has is no share of a count: a spec that asks for it need not fill the counts.
  if (asks_footprint(spec)) spec.search.band = 0;
  if (const auto at = Problems::member(root, "search"))
    spec.search = read_search(problems, *at, spec.search.band, strategies);
  check_shares(problems, root, spec);
  if (spec.task.kind.finds_objects()) spec.training.recipe = detection_recipe();
  if (const auto at = Problems::member(root, "training"))
    spec.training = read_training(problems, *at, spec.training);
  if (const auto at = Problems::member(root, "export"))
    spec.export_formats = read_export(problems, *at);
}

}  // namespace

DesignSpec read_design_spec(const std::filesystem::path& file,
                            std::span<const std::string_view> strategies) {
  return read_design_spec(read_json(file), file, strategies);
}

DesignSpec read_design_spec(const Document& document, const std::filesystem::path& file,
                            std::span<const std::string_view> strategies,
                            const std::vector<TaskKind>& kinds) {
  Problems problems(document.name);
  DesignSpec spec;
  spec.file = file;
  const Cursor root{&document.root, ""};
  if (problems.expect_object(root, kSpecKeys)) {
    if (const auto at = Problems::member(root, "format"))
      if (at->value->kind != Kind::Integer || at->value->integer != 1)
        problems.add(*at, "must be 1, the only format there is");
    if (const auto at = problems.required(root, "name")) spec.name = read_name(problems, *at);
    if (const auto at = Problems::member(root, "description")) (void)problems.text(*at);
    if (const auto at = problems.required(root, "prototype")) read_prototype(problems, *at, spec);
    spec.task.kind = kinds.front();
    if (const auto at = Problems::member(root, "task")) spec.task = read_task(problems, *at, kinds);
    spec.task.base = file.parent_path();
    if (const auto at = Problems::member(root, "require"))
      spec.require = read_requirements(problems, *at, {}, spec.task.kind);
    if (const auto at = Problems::member(root, "tiers"))
      spec.tiers = read_tiers(problems, *at, spec.require, spec.task.kind);
    read_settings(problems, root, strategies, spec);
  }
  problems.throw_if_any();
  return spec;
}

}  // namespace atto::spec
