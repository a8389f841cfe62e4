#include "design_specs/requirements/task_kind.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "design_specs/requirements/keys.hpp"

namespace atto::spec {

double gain_of(const Score& score, double value) {
  return score.better == Better::More ? value - score.low : score.high - value;
}

double best_of(const Score& score) {
  return score.better == Better::More ? score.high : score.low;
}

double scale_of(const Score& score) {
  return score.unit == Unit::Number ? 1 : 100;
}

std::string shown(const Score& score, double value) {
  return score.unit == Unit::Number ? fmt::format("{:.4g}", value)
                                    : fmt::format("{:.2f}", 100 * value);
}

std::string_view unit_text(const Score& score) {
  return score.unit == Unit::Number ? "" : " %";
}

const Score* TaskKind::find_goal(std::string_view score) const {
  const auto found = std::find_if(scores.begin(), scores.end(), [&](const Score& other) {
    return other.is_goal && other.name == score;
  });
  return found == scores.end() ? nullptr : &*found;
}

namespace {

/// Of "box" or "mask", as COCO judges them: over ten overlaps, or at an overlap of a half.
Score average_precision(const std::string& of, bool is_at_half) {
  return {.name = of + (is_at_half ? "_map50" : "_map"),
          .label = of + (is_at_half ? " AP50" : " AP"),
          .quantity = fmt::format("average precision of {}{}", of == "box" ? "boxes" : "masks",
                                  is_at_half ? " at an overlap of 0.5" : ""),
          .unit = Unit::Share,
          .is_goal = true};
}

}  // namespace

const std::vector<TaskKind>& task_kinds() {
  static const std::vector<TaskKind> kKinds = {
      {.name = "classification",
       .scores = {{.name = "top1",
                   .label = "top-1",
                   .quantity = "accuracy",
                   .unit = Unit::ImageShare,
                   .is_goal = true},
                  {.name = "top5",
                   .label = "top-5",
                   .quantity = "accuracy among five",
                   .unit = Unit::ImageShare}}},
      {.name = "detection",
       .scores = {average_precision("box", false), average_precision("box", true)},
       .subject = Subject::Boxes},
      {.name = "instance_segmentation",
       .scores = {average_precision("mask", false), average_precision("mask", true),
                  average_precision("box", false), average_precision("box", true)},
       .subject = Subject::Masks}};
  return kKinds;
}

std::string kinds_with(std::string_view key) {
  const bool is_setting = std::find(kDetectorSettingsKeys.begin(), kDetectorSettingsKeys.end(),
                                    key) != kDetectorSettingsKeys.end();
  std::string names;
  for (const TaskKind& kind : task_kinds())
    if (kind.find_goal(key) != nullptr || (is_setting && kind.finds_objects()))
      names += (names.empty() ? "kind " : " or ") + kind.name;
  return names;
}

std::optional<double> find_value(const ScoreValues& values, std::string_view score) {
  const auto found = values.find(score);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace atto::spec
