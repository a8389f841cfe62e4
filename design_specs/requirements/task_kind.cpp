#include "design_specs/requirements/task_kind.hpp"

#include <fmt/format.h>

#include <algorithm>

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

const std::vector<TaskKind>& task_kinds() {
  static const std::vector<TaskKind> kKinds = {{.name = "classification",
                                                .scores = {{.name = "top1",
                                                            .label = "top-1",
                                                            .quantity = "accuracy",
                                                            .unit = Unit::ImageShare,
                                                            .is_goal = true},
                                                           {.name = "top5",
                                                            .label = "top-5",
                                                            .quantity = "accuracy among five",
                                                            .unit = Unit::ImageShare}}}};
  return kKinds;
}

std::optional<double> find_value(const ScoreValues& values, std::string_view score) {
  const auto found = values.find(score);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace atto::spec
