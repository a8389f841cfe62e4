// The alternatives of a hole, read once.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_set>

#include "prototypes/language/json_text.hpp"
#include "prototypes/language/keys.hpp"
#include "prototypes/language/limits.hpp"
#include "prototypes/language/reading/holes.hpp"

namespace atto::net {

using spec::Kind;
using spec::Value;

namespace {

/// Returns a few words for an alternative that is no scalar: its operators in order.
std::string summary(const Value& value) {
  if (value.kind == Kind::String) return value.string;
  if (value.kind == Kind::Array) {
    if (value.items.empty()) return "nothing";
    std::string text;
    for (const Value& item : value.items) {
      if (text.size() > 60) return text + "...";
      text += (text.empty() ? "" : "-") + summary(item);
    }
    return text;
  }
  if (value.kind != Kind::Object) return compact_text(value);
  if (const Value* op = value.find("op")) return summary(*op);
  if (const Value* times = value.find("times")) {
    const Value* of = value.find("of");
    return (times->is_number() ? compact_text(*times) + " " : "") + "times" +
           (of == nullptr ? "" : " " + summary(*of));
  }
  if (value.find("choose") != nullptr) return "choice";
  if (value.find("range") != nullptr) return "range";
  if (value.find("length") != nullptr) return "free";
  if (const Value* maps = value.find("maps")) {
    const Value* join = value.find("join");
    return summary(*maps) + (join == nullptr ? "" : " " + summary(*join));
  }
  if (const Value* chain = value.find("chain")) return summary(*chain);
  if (const Value* module = value.find("module")) return summary(*module);
  return value.find("branches") != nullptr ? "branches" : "object";
}

bool is_scalar(const Value& value) {
  return value.kind < Kind::Array;
}

std::string pair_text(const Value& pair) {
  return fmt::format("{}x{}", pair.items[0].integer, pair.items[1].integer);
}

std::string label(const Value& value, std::size_t index) {
  if (value.kind == Kind::String) return value.string;
  if (is_scalar(value)) return compact_text(value);
  if (is_pair(value)) return pair_text(value);
  return fmt::format("#{} {}", index, summary(value));
}

void finish(Options& options) {
  bool all_whole = true;
  for (std::size_t i = 0; i < options.items.size(); ++i) {
    const Value& value = *options.items[i];
    options.labels.push_back(label(value, i));
    const bool is_whole = value.is_number() && value.number == std::floor(value.number) &&
                          std::abs(value.number) <= 1e9;
    all_whole = all_whole && is_whole;
  }
  if (!all_whole) return;
  for (const Cursor& item : options.items) options.whole.push_back(static_cast<int>(item->number));
}

}  // namespace

bool is_hole(const Value& value) {
  return value.kind == Kind::Object &&
         (value.find("choose") != nullptr || value.find("range") != nullptr);
}

bool is_pair(const Value& value) {
  return value.kind == Kind::Array && value.items.size() == 2 &&
         value.items[0].kind == Kind::Integer && value.items[1].kind == Kind::Integer;
}

std::vector<const Value*> ordered_alternatives(const Value& choose) {
  std::vector<const Value*> items;
  for (const Value& item : choose.items) items.push_back(&item);
  if (std::all_of(items.begin(), items.end(), [](const Value* v) { return v->is_number(); }))
    std::stable_sort(items.begin(), items.end(),
                     [](const Value* a, const Value* b) { return a->number < b->number; });
  return items;
}

const Options* HoleReader::options(const Cursor& at) {
  const auto known = cache_.find(at.value);
  if (known != cache_.end()) return known->second ? &*known->second : nullptr;
  Options read;
  const auto choose = spec::Problems::member(at, "choose");
  problems.expect_object(at, choose ? Words(kChooseKeys) : Words(kRangeKeys));
  const bool is_good = choose ? read_choose(*choose, read)
                              : read_range(at, *spec::Problems::member(at, "range"), read);
  return finished(at, is_good, read);
}

/// Keeps what was read of a hole. The items of a range are cursors into its grid, which moves with
/// it.
const Options* HoleReader::finished(const Cursor& at, bool is_good, Options& read) {
  std::optional<Options>& entry = cache_[at.value];
  if (!is_good) return nullptr;
  entry = std::move(read);
  finish(*entry);
  return &*entry;
}

std::optional<Alternatives> HoleReader::open_list(const Where& where, const Cursor& list) {
  const auto known = cache_.find(list.value);
  const Options* options = known != cache_.end() && known->second ? &*known->second : nullptr;
  if (known == cache_.end()) {
    Options read;
    const bool is_good = read_choose(list, read);
    options = finished(list, is_good, read);
  }
  if (options == nullptr) return std::nullopt;
  if (options->items.size() > 1) return decide(where, list, *options);
  Alternatives single;
  single.literal = options->items.front();
  return single;
}

bool HoleReader::read_choose(const Cursor& choose, Options& options) {
  if (choose->kind != Kind::Array) {
    problems.add(choose, "must be a list of alternatives");
    return false;
  }
  if (choose->items.empty() || choose->items.size() > static_cast<std::size_t>(kMaxAlternatives)) {
    problems.add(choose, choose->items.empty()
                             ? "must have at least one alternative"
                             : fmt::format("must have at most {} alternatives", kMaxAlternatives));
    return false;
  }
  bool is_good = true;
  std::unordered_set<std::string> seen;
  for (std::size_t i = 0; i < choose->items.size(); ++i) {
    const Value& item = choose->items[i];
    // 3 and 3.0 are the same alternative.
    const std::string text = item.is_number() ? fmt::format("{}", item.number) : compact_text(item);
    if (!seen.insert(text).second) {
      problems.add(choose.at(i), "alternatives must differ");
      is_good = false;
    }
  }
  for (const Value* item : ordered_alternatives(*choose))
    options.items.push_back(choose.at(static_cast<std::size_t>(item - choose->items.data())));
  return is_good;
}

bool HoleReader::read_range(const Cursor& at, const Cursor& range, Options& options) {
  constexpr double kFar = 1e6;
  if (range->kind != Kind::Array || range->items.size() != 2) {
    problems.add(range, "must be [smallest, largest]");
    return false;
  }
  const auto low = problems.number(range.at(std::size_t{0}), -kFar, kFar);
  const auto high = problems.number(range.at(std::size_t{1}), -kFar, kFar);
  double step = 1;
  if (const auto written = spec::Problems::member(at, "step")) {
    const auto read = problems.number(*written, spec::kAboveZero, kFar);
    if (!read) return false;
    step = *read;
  }
  if (!low || !high) return false;
  if (*high < *low) {
    problems.add(range, "must rise from smallest to largest");
    return false;
  }
  const double steps = (*high - *low) / step;
  if (steps > static_cast<double>(kMaxAlternatives - 1)) {
    problems.add(range, fmt::format("must have at most {} alternatives", kMaxAlternatives));
    return false;
  }
  const auto count = static_cast<std::int64_t>(steps + 1e-9);
  if (std::abs(steps - std::round(steps)) > 1e-6) {
    problems.add(
        range.at(std::size_t{1}),
        fmt::format("must lie on the grid: {} or {}", *low + static_cast<double>(count) * step,
                    *low + static_cast<double>(count + 1) * step));
    return false;
  }
  const auto last = static_cast<std::int64_t>(std::llround(steps));
  for (std::int64_t i = 0; i <= last; ++i) {
    const double number = *low + static_cast<double>(i) * step;
    Value value = json_integer(static_cast<std::int64_t>(number));
    if (number != std::floor(number)) value.kind = Kind::Number;
    value.number = number;
    value.location = at->location;
    options.grid.push_back(std::move(value));
  }
  for (const Value& value : options.grid) options.items.push_back({&value, range.path});
  return true;
}

std::optional<std::int32_t> HoleReader::index_of(const Value& value, const std::vector<int>& whole,
                                                 const std::vector<std::string>& labels) {
  if (!whole.empty()) {
    if (!value.is_number()) return std::nullopt;
    for (std::size_t i = 0; i < whole.size(); ++i)
      if (whole[i] == value.number) return static_cast<std::int32_t>(i);
    return std::nullopt;
  }
  const std::string text = value.kind == Kind::String ? value.string
                           : is_pair(value)           ? pair_text(value)
                                                      : compact_text(value);
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] == text) return static_cast<std::int32_t>(i);
  std::string_view digits = text;
  if (digits.starts_with('#'))
    digits.remove_prefix(1);
  else if (value.kind != Kind::Integer || !labels.front().starts_with('#'))
    return std::nullopt;
  std::int32_t index = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  const bool is_index = error == std::errc() && end == digits.data() + digits.size() &&
                        index >= 0 && static_cast<std::size_t>(index) < labels.size();
  return is_index ? std::optional(index) : std::nullopt;
}

}  // namespace atto::net
