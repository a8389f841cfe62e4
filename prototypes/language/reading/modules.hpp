#pragma once
// Modules of a document: bodies, named templates, choices of templates, and what an entry of a
// stage adds.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "prototypes/language/keys.hpp"
#include "prototypes/language/reading/chains.hpp"

namespace atto::net {

class ModuleReader {
 public:
  /// The module being read: earlier ones are what its "from" may name.
  struct Position {
    std::size_t stage = 0, module = 0;
    bool is_trial = false;     ///< a template read for its faults alone
    bool has_channels = true;  ///< the stage gives its modules a width
  };

  ModuleReader(HoleReader& holes, ChainReader& chains) : holes_(holes), chains_(chains) {}

  /// Collects the named templates.
  void read_templates(const Cursor& network);

  /// Reads a template name, a choice of modules, a reference with overrides, or a body. `entry`:
  /// written in a stage's list, where "repeat" and "stride" are the stage's business.
  std::optional<Module> module(const Where& where, const Cursor& at, const Position& position,
                               bool is_entry);

  /// Reads the overrides of a list entry that takes the stage's module.
  std::optional<Module> entry_of(const Where& where, const Cursor& entry,
                                 const Cursor& stage_module, const Position& position);

  /// Returns the source that a text names; records a problem when it is none, is not earlier, or
  /// does not always exist.
  std::optional<Source> source(const Cursor& at, const Position& position);

  /// Returns the names and values of all templates.
  std::vector<std::pair<std::string, Cursor>> templates() const;

 private:
  struct Overrides {
    std::optional<Width> channels;
    std::optional<Choice<Sources>> from;
    std::int32_t from_place = 0;
  };
  std::optional<Module> named(const Where& where, const Cursor& at, const Position& position,
                              const Overrides& overrides);
  std::optional<Module> any(const Where& where, const Cursor& at, const Position& position,
                            const Overrides& overrides, bool is_entry);
  std::optional<Module> chosen(const Where& where, const Cursor& at, const Position& position,
                               const Overrides& overrides);
  std::optional<Module> reference(const Where& where, const Cursor& at, const Cursor& target,
                                  const Position& position, Overrides overrides, Words known);
  std::optional<Module> body(const Where& where, const Cursor& at, const Position& position,
                             const Overrides& overrides, bool is_entry);
  std::optional<Choice<Sources>> from(const Where& where, const Cursor& at,
                                      const Position& position);
  std::optional<Sources> sources(const Where& where, const Cursor& at, const Position& position);
  std::optional<std::vector<Source>> maps(const Cursor& at, const Position& position);
  void override_with(const Where& where, const Cursor& at, const Position& position,
                     Overrides& overrides);

  struct Template {
    Cursor at;
    bool is_open = false;
  };
  HoleReader& holes_;
  ChainReader& chains_;
  std::map<std::string, Template, std::less<>> templates_;
};

}  // namespace atto::net
