#include "trainer/cli/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "design_specs/json_text.hpp"
#include "prototypes/detection/metrics/average_precision.hpp"
#include "prototypes/detection/metrics/files.hpp"
#include "trainer/data/instances/instance_set.hpp"

namespace atto::cli {
namespace {

using Json = nlohmann::ordered_json;

det::Annotations truth_of(const Judging& what) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(what.data, ignored))
    return det::read_annotations(std::filesystem::path(what.data));
  const auto found = std::find(train::kSplitNames.begin(), train::kSplitNames.end(), what.split);
  return train::open_instance_set(what.data)->annotations(
      static_cast<train::Split>(found - train::kSplitNames.begin()));
}

/// What was judged by boxes and by masks.
struct Judged {
  det::CocoScores boxes;
  std::optional<det::CocoScores> masks;
};

Judged judged_of(const det::Annotations& truth, const std::vector<det::Detection>& found) {
  Judged judged{det::coco_scores(truth, found, det::Overlap::Boxes), {}};
  const bool has_masks =
      truth.has_masks() && std::all_of(found.begin(), found.end(), [](const det::Detection& one) {
        return one.mask.has_value();
      });
  if (has_masks) judged.masks = det::coco_scores(truth, found, det::Overlap::Masks);
  return judged;
}

Json scores_json(const det::CocoScores& scores, const det::Annotations& truth) {
  Json json = Json::object();
  for (std::size_t i = 0; i < det::kCocoNumbers; ++i)
    json[std::string(det::coco_numbers()[i].name)] = scores.numbers[i];
  json["classes"] = Json::array();
  for (std::size_t i = 0; i < scores.class_ap.size(); ++i)
    json["classes"].push_back({{"name", truth.categories[i].name}, {"ap", scores.class_ap[i]}});
  return json;
}

/// A score, or a dash where nothing is to be found.
std::string score_text(double score) {
  return score < 0 ? "-" : fmt::format("{:.4f}", score);
}

std::string table_text(const Judged& judged, const det::Annotations& truth) {
  const auto row = [&](std::string_view name, double boxes, double masks,
                       std::string_view meaning) {
    return fmt::format("{:<20}{:>8}{:>8}{}\n", name, score_text(boxes),
                       judged.masks ? score_text(masks) : "", meaning);
  };
  const det::CocoScores& boxes = judged.boxes;
  const det::CocoScores& masks = judged.masks ? *judged.masks : boxes;
  std::string text = fmt::format("{:<20}{:>8}{:>8}\n", "", "boxes", judged.masks ? "masks" : "");
  for (std::size_t i = 0; i < det::kCocoNumbers; ++i)
    text += row(det::coco_numbers()[i].name, boxes.numbers[i], masks.numbers[i],
                "  " + std::string(det::coco_numbers()[i].meaning));
  text += "\nap by class\n";
  for (std::size_t i = 0; i < truth.categories.size(); ++i)
    text += row("  " + truth.categories[i].name, boxes.class_ap[i], masks.class_ap[i], "");
  return text;
}

}  // namespace

int tell_judged(const det::Annotations& truth, const std::vector<det::Detection>& found,
                bool is_json) {
  const Judged judged = judged_of(truth, found);
  if (is_json) {
    Json json = {{"pictures", truth.pictures.size()},
                 {"objects", truth.objects.size()},
                 {"detections", found.size()},
                 {"boxes", scores_json(judged.boxes, truth)}};
    if (judged.masks) json["masks"] = scores_json(*judged.masks, truth);
    fmt::print("{}\n", spec::json_text(json, 2));
    return 0;
  }
  fmt::print("{} detections of {} objects in {} pictures\n\n{}", found.size(), truth.objects.size(),
             truth.pictures.size(), table_text(judged, truth));
  return 0;
}

int judge(const Judging& what) {
  const det::Annotations truth = truth_of(what);
  return tell_judged(truth, det::read_results(what.detections, truth), what.is_json);
}

}  // namespace atto::cli
