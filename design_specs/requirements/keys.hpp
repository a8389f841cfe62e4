#pragma once
// Every key of a design spec, once: the reader accepts these, and a test holds the JSON Schema to
// them. What strategies and formats there are is not the spec's to know.

#include <array>
#include <span>
#include <string_view>

namespace atto::spec {

/// "$schema" is for editors; its value is not looked at.
inline constexpr std::array<std::string_view, 12> kSpecKeys = {
    "format",   "name",   "description", "prototype", "task",  "require",
    "maximise", "search", "training",    "export",    "tiers", "$schema"};
inline constexpr std::array<std::string_view, 8> kTaskKeys = {
    "kind", "dataset", "resolution", "anchors", "proposals", "detections", "score", "nms"};
/// Of kTaskKeys those of tasks that find objects.
inline constexpr std::array<std::string_view, 5> kDetectorSettingsKeys = {
    "anchors", "proposals", "detections", "score", "nms"};
inline constexpr std::array<std::string_view, 2> kAnchorKeys = {"sizes", "ratios"};
/// Beside these: every goal of the task (task_kind.hpp), whose key is kFloorKeys or kCeilingKeys.
inline constexpr std::array<std::string_view, 7> kRequireKeys = {
    "params", "macs", "peak_activation_kib", "model_kib", "latency_ms", "flash_kib", "ram_kib"};
inline constexpr std::array<std::string_view, 3> kCostBoundKeys = {"min", "max", "at"};
inline constexpr std::array<std::string_view, 3> kLatencyKeys = {"max", "threads", "precision"};
inline constexpr std::array<std::string_view, 2> kFlashKeys = {"max", "core"};
inline constexpr std::array<std::string_view, 1> kFloorKeys = {"min"};
inline constexpr std::array<std::string_view, 1> kCeilingKeys = {"max"};
inline constexpr std::array<std::string_view, 2> kTierKeys = {"name", "require"};
inline constexpr std::array<std::string_view, 1> kMaximiseKeys = {"netscore"};
inline constexpr std::array<std::string_view, 3> kNetscoreKeys = {"alpha", "beta", "gamma"};
/// Beside these: those of StrategySettings.
inline constexpr std::array<std::string_view, 11> kSearchKeys = {
    "strategy",          "candidates", "rungs", "promote", "finalists", "images",
    "validation_images", "window",     "band",  "budget",  "seed"};
inline constexpr std::array<std::string_view, 4> kBandKeys = {"params", "macs",
                                                              "peak_activation_kib", "model_kib"};
inline constexpr std::array<std::string_view, 1> kBudgetKeys = {"cpu_seconds"};
inline constexpr std::array<std::string_view, 20> kTrainingKeys = {
    "recipe",        "batch",        "learning_rate",   "warmup_epochs", "final_learning_rate",
    "momentum",      "weight_decay", "label_smoothing", "crop_padding",  "flip",
    "cutout",        "scale_jitter", "clip_norm",       "ema",           "threads",
    "final_threads", "final_epochs", "final_images",    "final_seeds",   "judge_every"};

/// In the order of LatencyPrecision.
inline constexpr std::array<std::string_view, 3> kLatencyPrecisions = {"fp32", "bf16", "int8"};
inline constexpr std::array<std::string_view, 2> kRecipes = {"default", "detection"};

/// The keys of one object; `path` is its JSON pointer, with "*" for every item of an array.
struct KeyTable {
  std::string_view path;
  std::span<const std::string_view> keys;
};

inline constexpr std::array<KeyTable, 26> kKeyTables = {{
    {"", kSpecKeys},
    {"/task", kTaskKeys},
    {"/task/anchors", kAnchorKeys},
    {"/require", kRequireKeys},
    {"/require/params", kCostBoundKeys},
    {"/require/macs", kCostBoundKeys},
    {"/require/peak_activation_kib", kCostBoundKeys},
    {"/require/model_kib", kCostBoundKeys},
    {"/require/latency_ms", kLatencyKeys},
    {"/require/flash_kib", kFlashKeys},
    {"/require/ram_kib", kCeilingKeys},
    {"/maximise", kMaximiseKeys},
    {"/maximise/netscore", kNetscoreKeys},
    {"/search", kSearchKeys},
    {"/search/band", kBandKeys},
    {"/search/budget", kBudgetKeys},
    {"/training", kTrainingKeys},
    {"/tiers/*", kTierKeys},
    {"/tiers/*/require", kRequireKeys},
    {"/tiers/*/require/params", kCostBoundKeys},
    {"/tiers/*/require/macs", kCostBoundKeys},
    {"/tiers/*/require/peak_activation_kib", kCostBoundKeys},
    {"/tiers/*/require/model_kib", kCostBoundKeys},
    {"/tiers/*/require/latency_ms", kLatencyKeys},
    {"/tiers/*/require/flash_kib", kFlashKeys},
    {"/tiers/*/require/ram_kib", kCeilingKeys},
}};

}  // namespace atto::spec
