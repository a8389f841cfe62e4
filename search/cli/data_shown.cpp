#include "search/cli/data_shown.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/json_text.hpp"
#include "prototypes/detection/drawing/objects_drawing.hpp"
#include "trainer/data/datasets.hpp"
#include "trainer/data/instances/instance_counts.hpp"

namespace atto::cli {
namespace {

using Json = nlohmann::ordered_json;

Json extent_json(const det::Extent& extent) {
  return {extent.width, extent.height};
}

std::vector<std::string> notes_of(const train::InstanceSet& set) {
  std::vector<std::string> notes = set.info().notes;
  for (std::string& sentence : set.missing()) notes.push_back(std::move(sentence));
  return notes;
}

Json splits_json(const train::InstanceCounts& counts) {
  Json splits = Json::object();
  for (std::size_t i = 0; i < counts.splits.size(); ++i) {
    const train::SplitCounts& split = counts.splits[i];
    splits[std::string(train::kSplitNames[i])] = {
        {"pictures", split.pictures}, {"without_objects", split.without_objects},
        {"objects", split.objects},   {"crowds", split.crowds},
        {"masks", split.masks},       {"degenerate", split.degenerate}};
  }
  return splits;
}

std::string instances_json(const train::InstanceSet& set, const train::InstanceCounts& counts) {
  Json json = {{"name", set.info().name},
               {"kind", "instances"},
               {"path", set.info().folder.string()},
               {"digest", set.info().digest},
               {"splits", splits_json(counts)},
               {"height", {counts.least_height, counts.most_height}},
               {"width", {counts.least_width, counts.most_width}}};
  json["classes"] = Json::array();
  for (std::size_t i = 0; i < counts.class_objects.size(); ++i)
    json["classes"].push_back(
        {{"name", set.info().categories[i].name}, {"objects", counts.class_objects[i]}});
  json["box_sides"] = counts.box_sides;
  Json worst = Json::array();
  for (const det::Extent& extent : counts.anchors.reach.worst) worst.push_back(extent_json(extent));
  json["anchors"] = {{"sizes", counts.anchors.fit.sizes},
                     {"ratios", counts.anchors.fit.ratios},
                     {"covered", counts.anchors.reach.covered},
                     {"worst", worst}};
  json["notes"] = notes_of(set);
  return spec::json_text(json, 2) + "\n";
}

std::string classes_text(std::size_t count) {
  return fmt::format("{} class{}", count, count == 1 ? "" : "es");
}

std::string range_text(int least, int most) {
  return least == most ? fmt::format("{}", least) : fmt::format("{} to {}", least, most);
}

std::string anchors_text(const train::UsualReach& anchors) {
  std::string text =
      fmt::format("anchors fitted to them, strides 4 to 64: sizes {:.1f}; height / width {:.2f}\n",
                  fmt::join(anchors.fit.sizes, ", "), fmt::join(anchors.fit.ratios, ", "));
  text += fmt::format("  {:.1f} % of objects are overlapped by 0.5", 100 * anchors.reach.covered);
  if (anchors.reach.covered >= train::kEnoughCovered || anchors.reach.worst.empty())
    return text + "\n";
  text += "\nwarning: under 90 % of objects are near an anchor; farthest off (width x height):";
  for (const det::Extent& extent : anchors.reach.worst)
    text += fmt::format(" {:.0f}x{:.0f}", extent.width, extent.height);
  return text + "\n";
}

std::string instances_text(const train::InstanceSet& set, const train::InstanceCounts& counts) {
  const train::InstanceInfo& info = set.info();
  std::string text =
      fmt::format("{}: {}, {}, digest {}\n\n", info.name, classes_text(info.categories.size()),
                  info.folder.empty() ? "made" : info.folder.string(), info.digest);
  text += fmt::format("{:<12}{:>10}{:>10}{:>10}{:>8}{:>10}{:>12}\n", "split", "pictures", "empty",
                      "objects", "crowds", "masks", "degenerate");
  for (std::size_t i = 0; i < counts.splits.size(); ++i) {
    const train::SplitCounts& split = counts.splits[i];
    text += fmt::format("{:<12}{:>10}{:>10}{:>10}{:>8}{:>10}{:>12}\n", train::kSplitNames[i],
                        split.pictures, split.without_objects, split.objects, split.crowds,
                        split.masks, split.degenerate);
  }
  text += "\nobjects of train by class\n";
  for (std::size_t i = 0; i < counts.class_objects.size(); ++i)
    text += fmt::format("  {:<20}{:>10}\n", info.categories[i].name, counts.class_objects[i]);
  const auto& sides = counts.box_sides;
  text += fmt::format("\npictures of train: {} x {} pixels (height x width)\n",
                      range_text(counts.least_height, counts.most_height),
                      range_text(counts.least_width, counts.most_width));
  text += fmt::format(
      "sides of boxes (root of the area), pixels: least {:.1f}, 5 % under {:.1f}, half under "
      "{:.1f}, "
      "95 % under {:.1f}, largest {:.1f}\n",
      sides[0], sides[1], sides[3], sides[5], sides[6]);
  text += anchors_text(counts.anchors);
  for (const std::string& note : notes_of(set)) text += note + "\n";
  return text;
}

train::Split split_of(const std::string& name) {
  const auto found = std::find(train::kSplitNames.begin(), train::kSplitNames.end(), name);
  return static_cast<train::Split>(found - train::kSplitNames.begin());
}

void draw(const train::InstanceSet& set, const DataShown& what) {
  constexpr int kSeenWell = 512;  // pixels of the longer side
  const train::Split split = split_of(what.split);
  std::error_code error;
  std::filesystem::create_directories(what.draw, error);
  if (error) throw EnvironmentError("cannot make the folder", what.draw.string(), error.value());
  const std::size_t count = std::min(set.pictures(split), static_cast<std::size_t>(what.pictures));
  for (std::size_t i = 0; i < count; ++i) {
    const train::InstancePicture picture = set.picture(split, i);
    const int zoom =
        what.is_plain ? 1 : std::max(1, kSeenWell / std::max(picture.height, picture.width));
    det::Canvas canvas(picture.pixels.data(), picture.height, picture.width, picture.channels,
                       zoom);
    if (!what.is_plain)
      det::draw_objects(canvas, det::drawn(picture.objects, set.info().categories), zoom);
    spec::write_file_atomically(what.draw / fmt::format("{}_{:06}.png", what.split, i),
                                det::png_bytes(canvas));
  }
}

int show_instances(const DataShown& what) {
  const auto set = train::open_instance_set(what.name);
  if (!what.draw.empty()) draw(*set, what);
  const train::InstanceCounts counts = train::count_instances(*set);
  fmt::print("{}", what.is_json ? instances_json(*set, counts) : instances_text(*set, counts));
  return 0;
}

int show_classes(const DataShown& what) {
  if (!what.draw.empty())
    throw SpecError({{"--draw", "", "must be of a set with objects in its pictures", what.name}});
  const train::DatasetInfo info = train::describe_dataset(what.name);
  if (what.is_json) {
    fmt::print("{}\n", spec::json_text(Json{{"name", info.name},
                                            {"kind", "classes"},
                                            {"path", info.folder.string()},
                                            {"digest", info.digest},
                                            {"classes", info.classes},
                                            {"channels", info.channels},
                                            {"height", info.height},
                                            {"width", info.width},
                                            {"train", info.train_images - info.validation_images},
                                            {"validation", info.validation_images},
                                            {"test", info.test_images},
                                            {"notes", info.notes}},
                                       2));
    return 0;
  }
  fmt::print("{}: {}, {}, digest {}\nimages {}x{}x{}: {} to train, {} to validate, {} to test\n",
             info.name, classes_text(static_cast<std::size_t>(info.classes)),
             info.folder.empty() ? "built in" : info.folder.string(), info.digest, info.channels,
             info.height, info.width, info.train_images - info.validation_images,
             info.validation_images, info.test_images);
  for (const std::string& note : info.notes) fmt::print("{}\n", note);
  return 0;
}

}  // namespace

int show_data(const DataShown& what) {
  return train::is_instance_set(what.name) ? show_instances(what) : show_classes(what);
}

}  // namespace atto::cli
