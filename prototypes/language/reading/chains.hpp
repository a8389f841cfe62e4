#pragma once
// Operators, widths, chains and bodies of a document.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "prototypes/language/reading/holes.hpp"

namespace atto::net {

class ChainReader {
 public:
  /// What stands around a chain. Outside modules widths must be written, and strides are the
  /// operators' own. Stage: no chain, but the width of a stage or of a module as a whole. Detector:
  /// as outside of modules, but the pyramid's width is that of operators that write none.
  enum class Setting : std::uint8_t { Stem, Module, Head, Stage, Detector };

  explicit ChainReader(HoleReader& holes) : holes_(holes) {}

  /// The activation of operators that write none.
  void set_default_activation(Choice<Activation> activation) { default_ = std::move(activation); }

  const Choice<Activation>& default_activation() const { return default_; }

  /// Says whether something gives the module that is read next a width.
  void set_module_width(bool is_given) { has_module_width_ = is_given; }
  /// Returns the first operator since the last call that asks for a module's width where nothing
  /// gives one ("pointwise at stages[0].modules[1].chain[2]"), or "".
  std::string take_widthless() { return std::exchange(widthless_, ""); }

  std::optional<Item> chain(const Where& where, const Cursor& at, Setting setting);
  /// Reads chain or branches, join, `then` and activation into a body; records what is wrong.
  void body(const Where& where, const Cursor& at, Setting setting, Body& body);
  /// Reads a width; operators know the word "here", modules "module", heads "classes".
  std::optional<Width> width(const Where& where, const Cursor& at, Setting setting);
  std::optional<Choice<Activation>> activation(const Where& where, const Cursor& at);
  /// Reads "concat" (1) or "add" (0).
  std::optional<Choice<std::uint8_t>> join(const Where& where, const Cursor& at);

 private:
  std::optional<Item> list(const Where& where, const Cursor& at, Setting setting);
  std::optional<Item> tied(const Where& where, const Cursor& at, Setting setting);
  std::optional<Item> alternatives(const Where& where, const Cursor& at, Setting setting);
  std::optional<Item> free_form(const Where& where, const Cursor& at, Setting setting);
  std::optional<Item> nested(const Where& where, const Cursor& at, Setting setting);
  void straight(const Where& where, const Cursor& at, Setting setting, Body& body);
  void branched(const Where& where, const Cursor& at, Setting setting, Body& body);
  void split(const Where& where, const Cursor& at, Body& body);
  std::optional<Item> position(const Where& where, const Cursor& ops, Setting setting);
  std::optional<Item> operation(const Where& where, const Cursor& at, Setting setting);
  void attributes(const Where& where, const Cursor& at, Setting setting, Operator& op);
  void squeeze_excite(const Where& where, const Cursor& at, Operator& op);
  void stride(const Where& where, const Cursor& at, Setting setting, Operator& op);
  void own_width(const Where& where, const Cursor& at, Setting setting, Operator& op);
  void check_literals(const Cursor& at, const Operator& op);
  std::optional<Width> times(const Where& where, const Cursor& at, Setting setting);
  std::optional<Width> word(const Cursor& at, Setting setting);
  Number number_or(const Where& where, const Cursor& at, std::string_view key, std::int64_t low,
                   std::int64_t high, Number otherwise);
  struct Reals {
    double low, high;
  };
  Choice<double> real_or(const Where& where, const Cursor& at, std::string_view key,
                         const Reals& reals, double otherwise);
  Pair pair_or(const Where& where, const Cursor& at, std::string_view key, std::int64_t high,
               Number otherwise);
  int marks(const Item& item) const;

  HoleReader& holes_;
  Choice<Activation> default_;
  bool has_module_width_ = true;
  std::string widthless_;
  int nesting_ = 0;         ///< bodies that the one being read stands in
  bool is_in_tie_ = false;  ///< what is read stands for a tie
};

/// Returns whether the value is written as a body: a module in place, or one inside of a chain.
bool is_body(const spec::Value& value);

}  // namespace atto::net
