// Builds located values from nlohmann's SAX events. The parser reads through a counting iterator,
// so at every event we know how far it came; the token's start is the first byte behind the
// previous token that is neither space nor separator.

#include "design_specs/reading/json.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>

#include "design_specs/files.hpp"
#include "design_specs/reading/json_file.hpp"
#include "design_specs/reading/json_records.hpp"
#include "design_specs/reading/syntax_error.hpp"
#include "design_specs/reading/text_checks.hpp"

namespace atto::spec {
namespace {

class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, std::size_t* count) : at_(at), count_(count) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*count_;
    return *this;
  }
  CountingIterator operator++(int) {
    const CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  std::size_t* count_;
};

/// Returns the end of the number at `start` by JSON's grammar; the parser has accepted it.
std::size_t number_end(std::string_view text, std::size_t start) {
  const auto at = [&](std::size_t i) { return i < text.size() ? text[i] : '\0'; };
  const auto skip_digits = [&](std::size_t i) {
    while (at(i) >= '0' && at(i) <= '9') ++i;
    return i;
  };
  std::size_t i = start + (at(start) == '-' ? 1 : 0);
  i = at(i) == '0' ? i + 1 : skip_digits(i);
  if (at(i) == '.') i = skip_digits(i + 1);
  if (at(i) != 'e' && at(i) != 'E') return i;
  ++i;
  return skip_digits(at(i) == '+' || at(i) == '-' ? i + 1 : i);
}

class Builder {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  Builder(std::string_view text, const std::size_t& read) : text_(text), read_(read) {}
  virtual ~Builder() = default;

  bool null() { return place(Kind::Null), end_value(); }
  bool boolean(bool value) { return place(Kind::Boolean).boolean = value, end_value(); }
  bool number_integer(number_integer_t value) { return whole(value); }
  bool number_unsigned(number_unsigned_t value) {
    if (value <= static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max()))
      return whole(static_cast<std::int64_t>(value));
    return number_float(static_cast<double>(value), "");
  }
  bool number_float(number_float_t value, const string_t& /*written*/) {
    place(Kind::Number).number = value;
    return end_value();
  }
  bool string(string_t& value) {
    return place(Kind::String).string = std::move(value), end_value();
  }
  bool binary(binary_t& /*value*/) { return false; }  // binary formats only

  bool start_object(std::size_t /*size*/) { return open(Kind::Object); }
  bool start_array(std::size_t /*size*/) { return open(Kind::Array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(string_t& value) {
    open_.back()->members.push_back({std::move(value), next_token(false), {}});
    progress_.last = ParseProgress::Last::Key;
    return true;
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) {
    return false;
  }

  Value take_root() { return std::move(root_); }
  const ParseProgress& progress() const { return progress_; }

 protected:
  /// A value begins, and one that may hold others ends with all that it holds.
  virtual void on_value(const Location& /*location*/) {}
  virtual void on_end(std::vector<Value*>& /*open*/) {}

 private:
  bool end_value() {
    on_end(open_);
    return true;
  }

  Location next_token(bool is_number) {
    std::size_t start = progress_.end;
    while (std::string_view(" \t\r\n,:").find(text_[start]) != std::string_view::npos) ++start;
    // Only numbers are read one byte too far: nothing else marks their end.
    std::size_t end = read_;
    if (is_number) end = number_end(text_, start);
    progress_.start = start;
    progress_.end = end;
    here_ = locate(text_, start, here_);
    return here_;
  }

  Value& place(Kind kind) {
    const Location location = next_token(kind == Kind::Integer || kind == Kind::Number);
    on_value(location);
    Value* value = &root_;
    if (!open_.empty() && open_.back()->kind == Kind::Array)
      value = &open_.back()->items.emplace_back();
    else if (!open_.empty())
      value = &open_.back()->members.back().value;
    value->kind = kind;
    value->location = location;
    progress_.last = ParseProgress::Last::Value;
    return *value;
  }

  bool whole(std::int64_t number) {
    Value& value = place(Kind::Integer);
    value.integer = number;
    value.number = static_cast<double>(number);
    return end_value();
  }

  bool open(Kind kind) {
    Value& value = place(kind);
    // Stays valid: a parent's vector grows only after the child is closed.
    open_.push_back(&value);
    progress_.open.push_back(progress_.start);
    progress_.last = ParseProgress::Last::Open;
    return true;
  }

  bool close() {
    next_token(false);
    open_.pop_back();
    progress_.open.pop_back();
    progress_.last = ParseProgress::Last::Value;
    return end_value();
  }

  std::string_view text_;
  const std::size_t& read_;
  Location here_;
  Value root_;
  std::vector<Value*> open_;
  ParseProgress progress_;
};

/// Hands on records and lets them go.
class RecordBuilder : public Builder {
 public:
  RecordBuilder(std::string_view text, const std::size_t& read, const std::string& name,
                const TakeRecord& take, const RecordLimits& limits)
      : Builder(text, read), name_(name), take_(take), limits_(limits) {}

 private:
  void on_value(const Location& location) override {
    here_ = location.offset;
    refuse_over(++values_, limits_.record_values, "values", location);
    refuse_over(location.offset - start_, limits_.record_bytes, "bytes", location);
  }

  void on_end(std::vector<Value*>& open) override {
    const bool is_list = !open.empty() && open.back()->kind == Kind::Array;
    const bool is_record =
        is_list && (open.size() == 1 || (open.size() == 2 && open.front()->kind == Kind::Object));
    if (!is_record) return;
    std::vector<Value>& items = open.back()->items;
    const std::string list = open.size() == 1 ? "" : open.front()->members.back().key;
    if (const std::size_t nth = open.front()->members.size(); nth != list_) {
      list_ = nth;
      count_ = 0;
    }
    const Cursor root{open.front(), ""};
    const std::string above = open.size() == 1 ? "" : root.at(open.front()->members.back()).path;
    take_(list, {&items.back(), above + "/" + std::to_string(count_++)});
    items.clear();
    values_ = 0;
    start_ = here_;
  }

  void refuse_over(std::size_t count, std::size_t most, const char* what,
                   const Location& location) const {
    if (count > most)
      throw SpecError({{place_text(name_, location), "",
                        fmt::format("a record must have at most {} {}", most, what), ""}});
  }

  const std::string& name_;
  const TakeRecord& take_;
  const RecordLimits& limits_;
  std::size_t list_ = 0, count_ = 0, values_ = 0;
  std::uint64_t start_ = 0, here_ = 0;
};

Document build(std::string_view text, std::string name, Builder& builder, std::size_t& read) {
  const CountingIterator first(text.data(), &read), last(text.data() + text.size(), &read);
  if (!nlohmann::json::sax_parse(first, last, &builder))
    throw SpecError({explain_syntax_error(text, name, builder.progress())});
  // A byte of zero is refused within a value; behind it the parser takes it for the end.
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos)
    throw SpecError({{place_text(name, locate(text, zero)), "",
                      "expected nothing after the end of the first value", "byte 0x00"}});
  return {std::move(name), builder.take_root()};
}

}  // namespace

Document parse_json(std::string_view text, std::string name) {
  refuse_unsafe_text(text, name);
  std::size_t read = 0;
  Builder builder(text, read);
  return build(text, std::move(name), builder, read);
}

Document parse_records(std::string_view text, std::string name, const TakeRecord& take,
                       const RecordLimits& limits) {
  refuse_unsafe_text(text, name, limits.bytes);
  std::size_t read = 0;
  RecordBuilder builder(text, read, name, take, limits);
  return build(text, name, builder, read);
}

JsonFile read_json_file(const std::filesystem::path& file) {
  return read_json_file(file, read_start(file, kMaxFileBytes + 1));
}

JsonFile read_json_file(const std::filesystem::path& file, std::string start) {
  std::error_code is_unknown;
  const auto bytes = std::filesystem::file_size(file, is_unknown);
  if (start.size() > kMaxFileBytes)
    throw too_large(file.string(), is_unknown ? start.size() : bytes);
  Document document = parse_json(start, file.string());
  return {std::move(start), std::move(document)};
}

Document read_json(const std::filesystem::path& file) {
  return read_json_file(file).document;
}

}  // namespace atto::spec
