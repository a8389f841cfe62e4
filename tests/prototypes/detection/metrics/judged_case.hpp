#pragma once
// Detections and what is to be found: pycocotools' golden cases, and random ones.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "prototypes/detection/metrics/annotations.hpp"

namespace atto::test {

struct JudgedCase {
  det::Annotations truth;
  std::vector<det::Detection> found;
};

/// Files in tests/data/detection/coco, without ".json".
inline constexpr const char* kJudgedCases[] = {
    "all_sizes",     "class_without_objects", "crowd",   "crowd_and_ties", "empty_images", "holes",
    "more_than_100", "no_detections",         "perfect", "plain",          "single_class", "ties"};
JudgedCase read_case(const nlohmann::json& file);

/// Boxes of two classes, some of crowds, in up to six pictures; no two scores are equal.
JudgedCase random_case(std::uint64_t seed);

/// The same with each picture written down so many times.
JudgedCase with_copies(const JudgedCase& one, std::span<const std::int32_t> times);

}  // namespace atto::test
