#pragma once
// Operators, widths and chains of a document.

#include <cstdint>
#include <optional>

#include "prototypes/language/reading/holes.hpp"

namespace atto::net {

class ChainReader {
 public:
  /// What stands around a chain. Outside modules widths must be written, and strides are the
  /// operators' own.
  enum class Setting : std::uint8_t { Stem, Module, Head };

  explicit ChainReader(HoleReader& holes) : holes_(holes) {}

  /// The activation of operators that write none.
  void set_default_activation(Choice<Activation> activation) { default_ = std::move(activation); }

  std::optional<Item> chain(const Where& where, const Cursor& at, Setting setting);
  /// Reads a width; modules know the word "module", heads "classes".
  std::optional<Width> width(const Where& where, const Cursor& at, Setting setting);
  std::optional<Choice<Activation>> activation(const Where& where, const Cursor& at);

 private:
  std::optional<Item> list(const Where& where, const Cursor& at, Setting setting);
  std::optional<Item> alternatives(const Where& where, const Cursor& at, Setting setting);
  std::optional<Item> free_form(const Where& where, const Cursor& at, Setting setting);
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
  bool only_odd(const Number& number) const;
  int marks(const Item& item) const;

  HoleReader& holes_;
  Choice<Activation> default_;
};

}  // namespace atto::net
