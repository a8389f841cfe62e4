#pragma once
// Holes, ties and pins: what turns a value of the document into a literal, a new decision, or a use
// of a shared one.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prototypes/language/ast.hpp"
#include "prototypes/language/reading/alternatives.hpp"
#include "prototypes/language/reading/where.hpp"

namespace atto::net {

/// Thrown when a document asks for more than the language allows; the problem is recorded already.
struct TooMuch {};

class HoleReader {
 public:
  HoleReader(spec::Problems& found, Model& built) : problems(found), model(built) {}

  /// Makes the decision of a hole, or returns the tie or the literal that stands there; nothing
  /// after a recorded problem. A decision's role is Structure until used_as_width().
  std::optional<Alternatives> open(const Where& where, const Cursor& at);

  /// As open(), for a list that stands for a choice among its items (a free-form chain's
  /// operators).
  std::optional<Alternatives> open_list(const Where& where, const Cursor& list);

  /// Reads a scalar with `read`, which records its own problems: each alternative of a hole or tie.
  template <class T, class Read>
  std::optional<Choice<T>> choice(const Where& where, const Cursor& at, Read&& read) {
    const auto alternatives = open(where, at);
    if (!alternatives) return std::nullopt;
    note_use(*alternatives, false);
    Choice<T> choice;
    choice.decision = alternatives->decision;
    if (alternatives->is_single()) {
      auto value = read(alternatives->only());
      if (!value) return std::nullopt;
      choice.options.push_back(std::move(*value));
      return choice;
    }
    bool is_good = true;
    for (const Cursor& item : alternatives->options->items) {
      auto value = read(item);
      is_good = is_good && value.has_value();
      if (value) choice.options.push_back(std::move(*value));
    }
    return is_good ? std::optional(std::move(choice)) : std::nullopt;
  }

  /// Notes that something takes a hole or a tie.
  void note_use(const Alternatives& alternatives, bool as_width);
  /// Reads a whole number in [low, high]. `as_width`: it is used for a width and for nothing else
  /// here.
  std::optional<Number> number(const Where& where, const Cursor& at, std::int64_t low,
                               std::int64_t high, bool as_width = false);
  /// Reads the numbers of a window: one for both sides, or [height, width]; a hole may choose among
  /// both.
  std::optional<Pair> pair(const Where& where, const Cursor& at, std::int64_t low,
                           std::int64_t high);
  /// Reads a value of an enumeration whose names these are.
  template <class Enum>
  std::optional<Choice<Enum>> named(const Where& where, const Cursor& at,
                                    std::span<const std::string_view> names) {
    return choice<Enum>(where, at, [&](const Cursor& item) -> std::optional<Enum> {
      const auto index = problems.one_of(item, names);
      if (!index) return std::nullopt;
      return static_cast<Enum>(*index);
    });
  }
  /// Reads one of `names`.
  std::optional<Choice<std::size_t>> word(const Where& where, const Cursor& at,
                                          std::span<const std::string_view> names);

  /// Reads a "let" object and opens its scope; the caller closes it.
  void open_ties(const Where& where, const std::optional<Cursor>& let);
  void close_ties() { scopes_.pop_back(); }
  /// For a template that no module uses: its ties may stand in a stage.
  void ignore_unknown_ties() { ignores_unknown_ties_ = true; }
  /// Opens a scope of pins: `with` (absent: none) fills holes at paths relative to `where`.
  void open_pins(const Where& where, const std::optional<Cursor>& with);
  /// Closes the scope, and records pins that filled no hole.
  void close_pins();

  /// Returns an alternative's number in index order: a value, "#2", or a plain index where
  /// alternatives are no scalars.
  static std::optional<std::int32_t> index_of(const spec::Value& value,
                                              const std::vector<int>& whole,
                                              const std::vector<std::string>& labels);

  /// Decides the roles: Width where all uses were widths.
  void settle_roles();
  void find_idle_ties();
  void check_size(const Cursor& at);
  std::int32_t add_place(const Where& where, const Cursor& at);

  spec::Problems& problems;
  Model& model;

 private:
  struct Pins {
    std::string prefix;
    Cursor with;
    std::vector<bool> used;
  };
  std::optional<Number> number_among(const Alternatives& alternatives, std::int64_t low,
                                     std::int64_t high);
  const Options* options(const Cursor& at);
  const Options* finished(const Cursor& at, bool is_good, Options& read);
  bool read_choose(const Cursor& choose, Options& options);
  bool read_range(const Cursor& at, const Cursor& range, Options& options);
  bool are_tieable(const Alternatives& alternatives);
  std::optional<Alternatives> tie(const Cursor& at);
  std::optional<Alternatives> decide(const Where& where, const Cursor& at, const Options& options);
  const spec::Value* pin(const Where& where, Cursor& at);

  std::vector<std::map<std::string, std::optional<Alternatives>, std::less<>>> scopes_;
  std::vector<Pins> pins_;
  std::map<const spec::Value*, std::optional<Options>> cache_;
  std::vector<bool> is_width_, is_other_;
  std::int64_t all_alternatives_ = 0;
  bool ignores_unknown_ties_ = false;
};

}  // namespace atto::net
