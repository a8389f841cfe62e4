#include "design_specs/requirements/detector_settings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "design_specs/requirements/keys.hpp"

namespace atto::spec {
namespace {

constexpr double kLargestSize = 65'536, kLargestRatio = 100;
constexpr std::size_t kMostShapes = 16;  ///< sizes of a level, and ratios
constexpr int kMostBoxes = 100'000;

std::vector<double> read_numbers(Problems& problems, const Cursor& at, double most) {
  std::vector<double> numbers;
  if (at->kind != Kind::Array || at->items.empty() || at->items.size() > kMostShapes) {
    problems.add(at, fmt::format("must be a list of 1 to {} numbers", kMostShapes));
    return numbers;
  }
  for (std::size_t i = 0; i < at->items.size(); ++i)
    if (const auto number = problems.number(at.at(i), kAboveZero, most)) numbers.push_back(*number);
  return numbers;
}

/// A number a level, or a list of them.
std::vector<std::vector<double>> read_sizes(Problems& problems, const Cursor& at) {
  std::vector<std::vector<double>> sizes;
  if (at->kind != Kind::Array || at->items.empty() || at->items.size() > kMostShapes) {
    problems.add(at, "must be a list: of each level a size in pixels, or a list of them");
    return sizes;
  }
  const std::size_t before = problems.size();
  for (std::size_t i = 0; i < at->items.size(); ++i) {
    const Cursor level = at.at(i);
    if (level->kind == Kind::Array)
      sizes.push_back(read_numbers(problems, level, kLargestSize));
    else
      sizes.push_back({problems.number(level, kAboveZero, kLargestSize).value_or(1)});
  }
  if (problems.size() != before) return {};
  for (std::size_t i = 1; i < sizes.size(); ++i)
    if (sizes[i].size() != sizes[0].size()) {
      problems.add(at.at(i), "every level must have as many sizes: its cells share their weights");
      return {};
    }
  return sizes;
}

std::optional<AnchorSettings> read_anchors(Problems& problems, const Cursor& at) {
  AnchorSettings anchors;
  if (at->kind == Kind::String && at->string == "auto") return anchors;
  if (at->kind != Kind::Object) {
    problems.add(at, R"(must be "auto" or { "sizes": [...], "ratios": [...] })");
    return std::nullopt;
  }
  const std::size_t before = problems.size();
  problems.expect_object(at, kAnchorKeys);
  if (const auto sizes = problems.required(at, "sizes"))
    anchors.sizes = read_sizes(problems, *sizes);
  if (const auto ratios = Problems::member(at, "ratios"))
    anchors.ratios = read_numbers(problems, *ratios, kLargestRatio);
  return problems.size() == before ? std::optional(anchors) : std::nullopt;
}

}  // namespace

StatedSettings stated(const DetectorSettings& settings) {
  return {settings.anchors, settings.proposals, settings.detections, settings.score, settings.nms};
}

StatedSettings read_stated_settings(Problems& problems, const Cursor& at) {
  StatedSettings stated;
  const auto count = [&](std::string_view key, int low) -> std::optional<int> {
    const auto written = Problems::member(at, key);
    const auto value = written ? problems.integer(*written, low, kMostBoxes) : std::nullopt;
    return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
  };
  const auto share = [&](std::string_view key) -> std::optional<double> {
    const auto written = Problems::member(at, key);
    return written ? problems.number(*written, 0, 1) : std::nullopt;
  };
  if (const auto anchors = Problems::member(at, "anchors"))
    stated.anchors = read_anchors(problems, *anchors);
  stated.proposals = count("proposals", 1);
  stated.detections = count("detections", 1);
  stated.score = share("score");
  stated.nms = share("nms");
  return stated;
}

std::string settings_text(const DetectorSettings& settings) {
  std::string anchors = "\"auto\"";
  if (!settings.anchors.are_fitted()) {
    std::vector<std::string> levels;
    for (const std::vector<double>& sizes : settings.anchors.sizes)
      levels.push_back(fmt::format("[{}]", fmt::join(sizes, ",")));
    anchors = fmt::format(R"({{"sizes":[{}],"ratios":[{}]}})", fmt::join(levels, ","),
                          fmt::join(settings.anchors.ratios, ","));
  }
  return fmt::format(R"({{"anchors":{},"proposals":{},"detections":{},"score":{},"nms":{}}})",
                     anchors, settings.proposals, settings.detections, settings.score,
                     settings.nms);
}

StatedSettings read_settings_text(std::string_view text, const std::string& name) {
  const Document document = parse_json(text, name);
  Problems problems(name);
  const Cursor root{&document.root, ""};
  StatedSettings stated;
  if (problems.expect_object(root, kDetectorSettingsKeys))
    stated = read_stated_settings(problems, root);
  problems.throw_if_any();
  return stated;
}

}  // namespace atto::spec
