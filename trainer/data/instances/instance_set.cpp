#include "trainer/data/instances/instance_set.hpp"

#include <algorithm>
#include <map>
#include <system_error>

#include "design_specs/errors.hpp"
#include "trainer/data/datasets.hpp"
#include "trainer/data/instances/coco_folder.hpp"
#include "trainer/data/instances/made_scenes.hpp"
#include "trainer/data/instances/tiles.hpp"

namespace atto::train {
namespace fs = std::filesystem;
namespace {

struct MadeSet {
  std::string_view name, how_to_get;
  std::unique_ptr<InstanceSet> (*open)(std::string_view name);
};

constexpr MadeSet kMade[] = {
    {"fashion_scenes", "made of fashion_mnist: apt-get install dataset-fashion-mnist",
     open_fashion_scenes},
    {"synthetic_instances", "always there", open_synthetic_instances}};

const MadeSet* made_set(std::string_view name) {
  const std::string_view stem = name.substr(0, name.find(':'));
  const auto found = std::find_if(std::begin(kMade), std::end(kMade),
                                  [&](const MadeSet& one) { return one.name == stem; });
  return found == std::end(kMade) ? nullptr : found;
}

/// Returns the folder on the search path that a name means; empty where there is none.
fs::path named_folder(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) return {};
  for (const fs::path& root : dataset_search_path())
    if (is_instance_folder(root / name)) return root / name;
  return {};
}

/// The same of a path.
fs::path folder_at(const std::string& name, const fs::path& base) {
  if (name.empty()) return {};
  const fs::path path = (fs::absolute(base / name)).lexically_normal();
  return is_instance_folder(path) ? (path.has_filename() ? path : path.parent_path()) : fs::path();
}

}  // namespace

bool is_learnable(const det::Annotation& object, int height, int width) {
  return !det::is_degenerate(
      det::clipped(object.box.corners(), static_cast<float>(height), static_cast<float>(width)));
}

std::vector<InstanceLocation> locate_instance_sets() {
  std::map<std::string, InstanceLocation> folders;
  for (const fs::path& root : dataset_search_path()) {
    std::error_code error;
    for (fs::directory_iterator entry(root, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (!name.starts_with('.') && is_instance_folder(entry->path()))
        folders.try_emplace(name, InstanceLocation{name, entry->path(), "", false});
    }
  }
  std::vector<InstanceLocation> all;
  for (auto& [name, location] : folders) all.push_back(std::move(location));
  for (const MadeSet& made : kMade)
    all.push_back({std::string(made.name), {}, std::string(made.how_to_get), true});
  return all;
}

bool is_instance_set(const std::string& name, const fs::path& base) {
  const std::string set = read_tiled_name(name).set;
  return made_set(set) != nullptr || !named_folder(set).empty() || !folder_at(set, base).empty();
}

std::unique_ptr<InstanceSet> open_instance_set(const std::string& name, const fs::path& base) {
  if (const TiledName parts = read_tiled_name(name); !parts.tiling.empty())
    return tiled(open_instance_set(parts.set, base), parts);
  if (const MadeSet* made = made_set(name)) return made->open(name);
  fs::path folder = named_folder(name);
  const bool is_by_path = folder.empty();
  if (is_by_path) folder = folder_at(name, base);
  if (folder.empty())
    throw EnvironmentError(
        "set of instances " + name + ": not found in " + searched_places() +
        "; wants a folder with annotations/instances_train.json (COCO's layout), or "
        "instances_train.json and images/");
  return open_coco_folder(folder.filename().string(), fs::absolute(folder), is_by_path);
}

}  // namespace atto::train
