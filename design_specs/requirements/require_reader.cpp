// Reads the indicator function: /require, and the tiers of a family.

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "design_specs/requirements/keys.hpp"
#include "design_specs/requirements/readers.hpp"
#include "design_specs/requirements/section.hpp"

namespace atto::spec {
namespace {

constexpr double kMaxKib = 0x1p43;  // bytes stay exact in a double
constexpr double kMaxMilliseconds = 1e9;
constexpr int kMaxLatencyThreads = 1024;

using ReadSide = std::function<std::optional<double>(const Cursor&)>;

/// Reads "min" and "max" with `side`, and checks them against each other.
Bound read_sides(Problems& problems, const Section& section, const Cursor& at,
                 const ReadSide& side) {
  Bound bound;
  const auto min = section.member("min"), max = section.member("max");
  if (min) {
    bound.min = side(*min);
    bound.min_location = (*min)->location;
  }
  if (max) {
    bound.max = side(*max);
    bound.max_location = (*max)->location;
    if (bound.max && *bound.max == 0) problems.add(*max, "must be > 0");
  }
  if (at->kind == Kind::Object && !min && !max) problems.add(at, R"(must have "min" or "max")");
  if (bound.min && bound.max && *bound.min > *bound.max)
    problems.add(*min, fmt::format("must be <= max, which is {}", (*max)->shown()));
  return bound;
}

Bound read_cost(Problems& problems, const Cursor& at, const ReadSide& side) {
  const Section section(problems, at, kCostBoundKeys);
  Bound bound = read_sides(problems, section, at, side);
  if (const auto resolution = section.member("at"))
    if (const auto value = problems.integer(*resolution, 1, kMaxResolution))
      bound.at = static_cast<int>(*value);
  return bound;
}

/// Reads a plain number in a unit that its key names; says so when it is a text such as "12ms".
std::optional<double> read_quantity(Problems& problems, const Cursor& at, std::string_view unit,
                                    std::string_view example, double low, double high) {
  if (at->is_number()) return problems.number(at, low, high);
  problems.add(at, fmt::format("must be a number of {} such as {}", unit, example));
  return std::nullopt;
}

Bound read_latency(Problems& problems, const Cursor& at, LatencySetting& setting,
                   const TaskKind& kind) {
  Section section(problems, at, kLatencyKeys);
  setting = {};
  section.integer("threads", setting.threads, 1, kMaxLatencyThreads);
  if (const auto precision = section.member("precision"))
    if (const auto index = problems.one_of(*precision, kLatencyPrecisions))
      setting.precision = static_cast<LatencyPrecision>(*index);
  if (kind.finds_objects() && setting.precision == LatencyPrecision::Bf16)
    problems.add(*section.member("precision"),
                 "must be fp32 or int8: no bf16 file is written of what finds objects");
  Bound bound;
  if (const auto max = section.member("max")) {
    bound.max = read_quantity(problems, *max, "milliseconds", "12", kAboveZero, kMaxMilliseconds);
    bound.max_location = (*max)->location;
  } else if (at->kind == Kind::Object) {
    problems.required(at, "max");
  }
  return bound;
}

/// What a device has: a ceiling alone. `section` has its keys checked.
Bound read_device_kib(Problems& problems, const Section& section, const Cursor& at) {
  Bound bound;
  if (const auto max = section.member("max")) {
    bound.max = read_quantity(problems, *max, "KiB", "128", kAboveZero, kMaxKib);
    bound.max_location = (*max)->location;
  } else if (at->kind == Kind::Object) {
    problems.required(at, "max");
  }
  return bound;
}

Bound read_flash(Problems& problems, const Cursor& at, std::string& core) {
  const Section section(problems, at, kFlashKeys);
  core = kCores.front();
  if (const auto name = section.member("core"))
    if (const auto index = problems.one_of(*name, kCores)) core = kCores[*index];
  return read_device_kib(problems, section, at);
}

/// A score is bounded where it is bad.
Bound read_score(Problems& problems, const Cursor& at, const Score& score) {
  const bool is_floor = score.better == Better::More;
  const Section section(problems, at, is_floor ? kFloorKeys : kCeilingKeys);
  return read_sides(problems, section, at, [&](const Cursor& side) -> std::optional<double> {
    if (side->is_number() && side->number >= score.low && side->number <= score.high)
      return side->number;
    const bool is_number = score.unit == Unit::Number;
    problems.add(side,
                 fmt::format("must be a {} from {} to {}{}", is_number ? "number" : "fraction",
                             score.low, score.high, is_number ? "" : " such as 0.65"));
    return std::nullopt;
  });
}

/// What a device needs is known of one network with a head.
void refuse_footprint(Problems& problems, const Section& section) {
  for (const char* key : {"flash_kib", "ram_kib"})
    if (const auto entry = section.member(key))
      problems.add(*entry, "is not known of what finds objects: no int8 C is written of it", "");
}

/// The costs, and the goals of the task.
std::vector<std::string_view> require_keys(const TaskKind& kind) {
  std::vector<std::string_view> keys(kRequireKeys.begin(), kRequireKeys.end());
  for (const Score& score : kind.scores)
    if (score.is_goal) keys.push_back(score.name);
  return keys;
}

struct Ceiling {
  std::string_view key;
  const Bound Requirements::*bound;
};

constexpr Ceiling kCeilings[] = {{"params", &Requirements::params},
                                 {"macs", &Requirements::macs},
                                 {"peak_activation_kib", &Requirements::peak_activation_kib},
                                 {"model_kib", &Requirements::model_kib},
                                 {"latency_ms", &Requirements::latency_ms},
                                 {"flash_kib", &Requirements::flash_kib},
                                 {"ram_kib", &Requirements::ram_kib}};

/// A family is a line of falling budgets; ceilings counted at different resolutions or for
/// different cores, or latencies measured in different ways, do not compare.
void check_falling(Problems& problems, const Cursor& at, const Tier& before, const Tier& tier) {
  const auto require = Problems::member(at, "require");
  if (!require) return;
  for (const Ceiling& ceiling : kCeilings) {
    const Bound& above = before.require.*ceiling.bound;
    const Bound& here = tier.require.*ceiling.bound;
    if (!above.max || !here.max || above.at != here.at || *here.max <= *above.max) continue;
    if (ceiling.bound == &Requirements::latency_ms &&
        before.require.latency != tier.require.latency)
      continue;
    if (ceiling.bound == &Requirements::flash_kib && before.require.core != tier.require.core)
      continue;
    const auto bound = Problems::member(*require, ceiling.key);
    const auto max = bound ? Problems::member(*bound, "max") : std::nullopt;
    if (max)
      problems.add(*max, fmt::format("must be <= {}, the ceiling of tier {} before it", *above.max,
                                     json_string(before.name)));
  }
}

}  // namespace

std::string_view precision_name(LatencyPrecision precision) {
  return kLatencyPrecisions[static_cast<std::size_t>(precision)];
}

Requirements read_requirements(Problems& problems, const Cursor& at, Requirements base,
                               const TaskKind& kind) {
  std::vector<std::string_view> keys = require_keys(kind);
  refuse_other_kinds(problems, at, kind, keys);
  const Section section(problems, at, keys);
  if (kind.finds_objects()) refuse_footprint(problems, section);
  const ReadSide count = [&](const Cursor& side) -> std::optional<double> {
    if (const auto value = problems.count(side)) return static_cast<double>(*value);
    return std::nullopt;
  };
  const ReadSide kib = [&](const Cursor& side) {
    return read_quantity(problems, side, "KiB", "6144", 0, kMaxKib);
  };
  if (const auto entry = section.member("params")) base.params = read_cost(problems, *entry, count);
  if (const auto entry = section.member("macs")) base.macs = read_cost(problems, *entry, count);
  if (const auto entry = section.member("peak_activation_kib"))
    base.peak_activation_kib = read_cost(problems, *entry, kib);
  if (const auto entry = section.member("model_kib"))
    base.model_kib = read_cost(problems, *entry, kib);
  if (const auto entry = section.member("latency_ms"))
    base.latency_ms = read_latency(problems, *entry, base.latency, kind);
  if (const auto entry = section.member("flash_kib"))
    base.flash_kib = read_flash(problems, *entry, base.core);
  if (const auto entry = section.member("ram_kib"))
    base.ram_kib = read_device_kib(problems, Section(problems, *entry, kCeilingKeys), *entry);
  for (const Score& score : kind.scores)
    if (const auto entry = score.is_goal ? section.member(score.name) : std::nullopt)
      base.scores[score.name] = read_score(problems, *entry, score);
  return base;
}

std::vector<Tier> read_tiers(Problems& problems, const Cursor& at, const Requirements& base,
                             const TaskKind& kind) {
  std::vector<Tier> tiers;
  if (at->kind != Kind::Array || at->items.empty()) {
    problems.add(at, "must be a list of tiers");
    return tiers;
  }
  for (std::size_t i = 0; i < at->items.size(); ++i) {
    const Cursor item = at.at(i);
    if (!problems.expect_object(item, kTierKeys)) continue;
    Tier tier{"", base};
    if (const auto name = problems.required(item, "name")) {
      tier.name = problems.text(*name).value_or("");
      const bool is_taken = std::any_of(tiers.begin(), tiers.end(), [&](const Tier& other) {
        return !tier.name.empty() && other.name == tier.name;
      });
      if (is_taken) problems.add(*name, "a tier's name must be unique");
      if ((*name)->kind == Kind::String && tier.name.empty())
        problems.add(*name, "must not be empty");
    }
    if (const auto require = problems.required(item, "require"))
      tier.require = read_requirements(problems, *require, base, kind);
    if (!tiers.empty()) check_falling(problems, item, tiers.back(), tier);
    tiers.push_back(std::move(tier));
  }
  return tiers;
}

}  // namespace atto::spec
