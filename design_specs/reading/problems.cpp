#include "design_specs/reading/problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "design_specs/reading/text_checks.hpp"

namespace atto::spec {
namespace {

/// Counts stay exact in a double (requirements are held as double).
constexpr std::int64_t kMaxCount = std::int64_t{1} << 53;

/// Escapes a key for a JSON pointer (RFC 6901), and control characters for the terminal.
std::string pointer_part(std::string_view key) {
  std::string part;
  for (const char c : json_string(key).substr(1)) {
    if (c == '~')
      part += "~0";
    else if (c == '/')
      part += "~1";
    else
      part += c;
  }
  part.pop_back();
  return part;
}

std::string joined(std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

/// Returns the side of [low, high] that a number breaks.
std::string broken_side(double number, double low, double high) {
  if (number < low) return low == kAboveZero ? "must be > 0" : fmt::format("must be >= {}", low);
  return high == kBelowOne ? "must be < 1" : fmt::format("must be <= {}", high);
}

std::optional<std::int64_t> unit_factor(std::string_view suffix) {
  if (suffix.empty()) return 1;
  if (suffix == "k") return 1'000;
  if (suffix == "M") return 1'000'000;
  if (suffix == "G") return 1'000'000'000;
  return std::nullopt;
}

/// Reads digits[.digits][k|M|G] exactly; nothing when it is of another form, not whole or too
/// large.
std::optional<std::int64_t> parse_count(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  const std::size_t whole = std::min(text.find_first_not_of(kDigits), text.size());
  std::size_t end = whole;
  std::string_view fraction;
  if (text.substr(end).starts_with('.')) {
    end = std::min(text.find_first_not_of(kDigits, whole + 1), text.size());
    fraction = text.substr(whole + 1, end - whole - 1);
    if (fraction.empty()) return std::nullopt;
  }
  const auto factor = unit_factor(text.substr(end));
  if (whole == 0 || !factor) return std::nullopt;
  std::int64_t count = 0, unit = *factor;
  for (const char c : text.substr(0, whole)) {
    count = std::min(count * 10 + (c - '0'), kMaxCount + 1);
  }
  if (count > kMaxCount / unit) return kMaxCount + 1;
  count *= unit;
  for (const char c : fraction) {
    if (unit % 10 != 0 && c != '0') return std::nullopt;
    unit /= 10;
    count += unit * (c - '0');
  }
  return count;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Optimal string alignment: a swap of neighbours counts as one edit.
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  return cost[a.size()][b.size()];
}

/// Records the keys that an object has twice, and returns its members without those.
std::vector<const Member*> first_members(Problems& problems, const Cursor& at) {
  std::unordered_map<std::string_view, const Member*> first;
  std::vector<const Member*> members;
  for (const Member& member : at->members) {
    const auto [entry, is_new] = first.emplace(member.key, &member);
    const Location& place = entry->second->key_location;
    if (is_new)
      members.push_back(&member);
    else
      problems.add_at_key(at, member,
                          fmt::format("duplicate key; first at {}:{}", place.line, place.column));
  }
  return members;
}

}  // namespace

Cursor Cursor::at(const Member& member) const {
  return {&member.value, path + "/" + pointer_part(member.key)};
}

Cursor Cursor::at(std::size_t index) const {
  return {&value->items.at(index), path + "/" + std::to_string(index)};
}

void Problems::add(const Cursor& at, std::string rule) {
  add(at, std::move(rule), at->shown());
}

void Problems::add(const Cursor& at, std::string rule, std::string got) {
  problems_.push_back(
      {at->location, {place_text(file_, at->location), at.path, std::move(rule), std::move(got)}});
}

void Problems::add_at_key(const Cursor& object, const Member& member, std::string rule,
                          std::string got) {
  problems_.push_back({member.key_location,
                       {place_text(file_, member.key_location), object.at(member).path,
                        std::move(rule), std::move(got)}});
}

void Problems::throw_if_any() const {
  if (problems_.empty()) return;
  std::vector<Entry> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Entry& a, const Entry& b) {
    return a.location.offset < b.location.offset;
  });
  std::vector<Problem> list;
  list.reserve(sorted.size());
  for (Entry& entry : sorted) list.push_back(std::move(entry.problem));
  throw SpecError(std::move(list));
}

bool Problems::expect_record(const Cursor& at) {
  if (at->kind == Kind::Object) return first_members(*this, at), true;
  add(at, "must be an object");
  return false;
}

bool Problems::expect_object(const Cursor& at, std::span<const std::string_view> known) {
  if (at->kind != Kind::Object) return expect_record(at);
  for (const Member* member : first_members(*this, at)) {
    if (std::find(known.begin(), known.end(), member->key) != known.end()) continue;
    const std::string_view near = nearest_name(member->key, known);
    add_at_key(at, *member,
               near.empty() ? "unknown key; known here: " + joined(known)
                            : fmt::format("unknown key; did you mean {}?", json_string(near)));
  }
  return true;
}

std::optional<std::int64_t> Problems::integer(const Cursor& at, std::int64_t low,
                                              std::int64_t high) {
  std::optional<std::int64_t> whole;
  if (at->kind == Kind::Integer)
    whole = at->integer;
  else if (at->kind == Kind::Number && std::abs(at->number) < 0x1p53 &&
           at->number == std::floor(at->number))
    whole = static_cast<std::int64_t>(at->number);
  if (!whole && !(at->is_number() && std::abs(at->number) >= 0x1p53)) {
    add(at, "must be a whole number");
    return std::nullopt;
  }
  if (whole && *whole >= low && *whole <= high) return whole;
  const bool is_below = whole ? *whole < low : at->number < 0;
  add(at, is_below ? fmt::format("must be >= {}", low) : fmt::format("must be <= {}", high));
  return std::nullopt;
}

std::optional<double> Problems::number(const Cursor& at, double low, double high) {
  if (!at->is_number()) {
    add(at, "must be a number");
    return std::nullopt;
  }
  if (at->number >= low && at->number <= high) return at->number;
  add(at, broken_side(at->number, low, high));
  return std::nullopt;
}

std::optional<bool> Problems::boolean(const Cursor& at) {
  if (at->kind == Kind::Boolean) return at->boolean;
  add(at, "must be true or false");
  return std::nullopt;
}

std::optional<std::string> Problems::text(const Cursor& at) {
  if (at->kind == Kind::String) return at->string;
  add(at, "must be a text in double quotes");
  return std::nullopt;
}

std::optional<std::size_t> Problems::one_of(const Cursor& at,
                                            std::span<const std::string_view> names) {
  if (at->kind == Kind::String) {
    const auto found = std::find(names.begin(), names.end(), at->string);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  }
  add(at, "must be one of " + joined(names));
  return std::nullopt;
}

std::optional<std::int64_t> Problems::count(const Cursor& at) {
  if (at->is_number()) return integer(at, 0, kMaxCount);
  if (at->kind == Kind::String)
    if (const auto count = parse_count(at->string)) {
      if (*count <= kMaxCount) return count;
      add(at, fmt::format("must be <= {}", kMaxCount));
      return std::nullopt;
    }
  add(at, R"(must be a whole count such as 326000, "326k", "1.87M" or "4.09G")");
  return std::nullopt;
}

std::optional<Cursor> Problems::member(const Cursor& object, std::string_view key) {
  if (object->kind != Kind::Object) return std::nullopt;
  for (const Member& member : object->members)
    if (member.key == key) return object.at(member);
  return std::nullopt;
}

std::optional<Cursor> Problems::required(const Cursor& object, std::string_view key) {
  auto found = member(object, key);
  if (!found) add(object, fmt::format("missing key {}", json_string(key)), "");
  return found;
}

std::string_view nearest_name(std::string_view word, std::span<const std::string_view> known) {
  // Few letters wrong, for the word's length: of a single one none would be right. A long word
  // cannot be near, and is not worth the time.
  constexpr std::size_t kMaxLength = 64;
  const std::size_t tolerance = std::max<std::size_t>(1, word.size() / 3);
  std::string_view nearest;
  std::size_t best = tolerance + 1;
  if (word.size() < 2 || word.size() > kMaxLength) return nearest;
  for (const std::string_view name : known) {
    const std::size_t distance = edit_distance(word, name);
    if (distance < best && distance < name.size()) {
      best = distance;
      nearest = name;
    }
  }
  return nearest;
}

}  // namespace atto::spec
