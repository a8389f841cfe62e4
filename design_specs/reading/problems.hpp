#pragma once
// Collects every problem of one document, so that a person sees all of them in one run, and offers
// the checked accessors that all readers of JSON in this project share.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "design_specs/errors.hpp"
#include "design_specs/reading/json.hpp"

namespace atto::spec {

/// Bounds for Problems::number that leave the end itself out, shown as "must be > 0" and "< 1".
inline constexpr double kAboveZero = std::numeric_limits<double>::denorm_min();
inline constexpr double kBelowOne = 1.0 - std::numeric_limits<double>::epsilon() / 2;

/// A position while walking a document: the value and its JSON pointer.
struct Cursor {
  const Value* value = nullptr;
  std::string path;

  Cursor at(const Member& member) const;  ///< path + "/key" (JSON pointer escaping)
  Cursor at(std::size_t index) const;     ///< path + "/index"; the value must be an array
  const Value& operator*() const { return *value; }
  const Value* operator->() const { return value; }
};

class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  /// Records a fault at a value. `got` defaults to the value as written.
  void add(const Cursor& at, std::string rule);
  void add(const Cursor& at, std::string rule, std::string got);
  /// Records a fault at a member's key.
  void add_at_key(const Cursor& object, const Member& member, std::string rule,
                  std::string got = "");

  bool empty() const { return problems_.empty(); }
  std::size_t size() const { return problems_.size(); }
  /// Throws SpecError with all problems, sorted by place, when there are any.
  void throw_if_any() const;

  /// Checks that the value is an object, that no key repeats, and that every key is among `known`
  /// (else "unknown key; did you mean ..."). Returns false when it is no object.
  bool expect_object(const Cursor& at, std::span<const std::string_view> known);
  /// As above, but it may have any keys.
  bool expect_record(const Cursor& at);

  /// Each returns the value when it is of the type and inside [low, high], else records the fault.
  /// A whole number may be written with a fraction or exponent (1e3).
  std::optional<std::int64_t> integer(const Cursor& at, std::int64_t low, std::int64_t high);
  std::optional<double> number(const Cursor& at, double low, double high);
  std::optional<bool> boolean(const Cursor& at);
  std::optional<std::string> text(const Cursor& at);
  /// Returns the index of the text among `names`, else records "must be one of ...".
  std::optional<std::size_t> one_of(const Cursor& at, std::span<const std::string_view> names);
  /// Reads a whole count >= 0 with an optional unit suffix: 326000, "326k", "1.87M", "4.09G".
  std::optional<std::int64_t> count(const Cursor& at);

  /// Returns the cursor of a member of an object, or nothing when it is absent.
  static std::optional<Cursor> member(const Cursor& object, std::string_view key);
  /// As member(), but records "missing key" at the object when absent.
  std::optional<Cursor> required(const Cursor& object, std::string_view key);

  const std::string& file() const { return file_; }

 private:
  struct Entry {
    Location location;
    Problem problem;
  };
  std::string file_;
  std::vector<Entry> problems_;
};

/// Returns the name among `known` nearest to `word` by edit distance, or "" when none is near.
std::string_view nearest_name(std::string_view word, std::span<const std::string_view> known);

}  // namespace atto::spec
