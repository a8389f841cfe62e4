// A prototype with its holes filled, as JSON. Walks the document by the same paths as the reader;
// every value stays as it was written, but for holes, lists of modules and free-form chains.
#include <cmath>
#include <map>

#include "design_specs/errors.hpp"
#include "prototypes/language/ast.hpp"
#include "prototypes/language/json_text.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/language/reading/holes.hpp"

namespace atto::net {
namespace {

using spec::Kind;
using spec::Member;
using spec::Value;

std::string indexed(const std::string& path, std::size_t i) {
  return path + "[" + std::to_string(i) + "]";
}

std::string keyed(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

/// Returns alternative `index` of a range.
Value grid_value(const Value& hole, std::int32_t index) {
  const Value& low = hole.find("range")->items.front();
  const Value* step = hole.find("step");
  const double number = low.number + (step == nullptr ? 1 : step->number) * index;
  Value value = json_integer(static_cast<std::int64_t>(number));
  if (number != std::floor(number)) value.kind = Kind::Number;
  value.number = number;
  return value;
}

class DesignWriter {
 public:
  DesignWriter(const Prototype& prototype, const Assignment& assignment, const std::vector<By>& by)
      : model_(prototype.model()),
        root_(prototype.document().root),
        assignment_(assignment),
        by_(by) {
    complete(prototype.decisions(), assignment_);
  }

  Value write(std::string_view name) {
    Value design = json_object();
    set_member(design, "format", json_integer(1));
    for (const Member& member : root_.members) {
      if (member.key == "stages") {
        set_member(design, "stages", stages(member.value));
      } else if (member.key == "modules") {
        set_member(design, "modules", member.value);  // templates stay, for hands that go on
      } else if (member.key != "decisions" && member.key != "$schema") {
        set_member(design, member.key, written(member.value, member.key));
      }
    }
    if (!name.empty()) set_member(design, "name", json_text_value(name));
    set_member(design, "decisions", records());
    return design;
  }

 private:
  /// Overrides of a reference, the outermost first.
  struct Override {
    std::string key, path;
    const Value* value;
  };

  struct Filled {
    std::int32_t index = 0;
    DecisionId decision = kNoDecision;
  };
  Filled filled(const std::string& path) const {
    const auto found = model_.by_path.find(path);
    if (found != model_.by_path.end())
      return {assignment_[static_cast<std::size_t>(found->second)], found->second};
    const auto pinned = model_.pinned.find(path);
    if (pinned == model_.pinned.end()) throw InternalError("no decision at " + path);
    return {pinned->second.index, kNoDecision};
  }

  void record(const Filled& filled, const Value& hole, const Value& value,
              const Value* as_written = nullptr) {
    if (filled.decision == kNoDecision) return;
    const auto id = static_cast<std::size_t>(filled.decision);
    const bool is_human = id < by_.size() && by_[id] == By::Human;
    Value entry = json_object();
    set_member(entry, "path", json_text_value(model_.decisions[id].path));
    const bool is_plain = value.kind < Kind::Array || is_pair(value);
    const auto index = static_cast<std::size_t>(filled.index);
    set_member(entry, "value",
               is_plain ? value : json_text_value(model_.decisions[id].labels[index]));
    set_member(entry, "by", json_text_value(is_human ? "human" : "machine"));
    set_member(entry, "hole", hole);
    if (as_written != nullptr) set_member(entry, "as_written", *as_written);
    taken_.insert_or_assign(filled.decision, std::move(entry));
  }

  /// Returns a value as written but for the holes inside it that a `with` filled, which the design
  /// does not keep.
  Value with_pins(const Value& value, const std::string& path) const {
    Value copy = value;
    const Value* choose = is_hole(value) ? value.find("choose") : nullptr;
    const auto pinned = is_hole(value) ? model_.pinned.find(path) : model_.pinned.end();
    if (pinned != model_.pinned.end()) {
      const std::int32_t index = pinned->second.index;
      return choose == nullptr
                 ? grid_value(value, index)
                 : with_pins(*ordered_alternatives(*choose)[static_cast<std::size_t>(index)],
                             path + "#" + std::to_string(index));
    }
    if (choose != nullptr) {
      Value& alternatives = *find_member(copy, "choose");
      for (std::size_t k = 0; k < alternatives.items.size(); ++k)
        alternatives.items[k] = with_pins(choose->items[k], path + "#" + std::to_string(k));
      return copy;
    }
    for (std::size_t i = 0; i < copy.items.size(); ++i)
      copy.items[i] = with_pins(value.items[i], indexed(path, i));
    for (Member& member : copy.members)
      member.value = with_pins(member.value, keyed(path, member.key));
    return copy;
  }

  Value written(const Value& value, const std::string& path) {
    if (is_hole(value)) return hole(value, path);
    if (value.kind == Kind::Object && value.find("ops") != nullptr) return free_form(value, path);
    Value copy = value;
    for (std::size_t i = 0; i < copy.items.size(); ++i)
      copy.items[i] = written(value.items[i], indexed(path, i));
    for (Member& member : copy.members)
      member.value = written(member.value, keyed(path, member.key));
    return copy;
  }

  Value hole(const Value& hole, const std::string& path) {
    const Filled chosen = filled(path);
    const Value* choose = hole.find("choose");
    const Value alternative =
        choose == nullptr ? grid_value(hole, chosen.index)
                          : *ordered_alternatives(*choose)[static_cast<std::size_t>(chosen.index)];
    if (chosen.decision != kNoDecision) record(chosen, with_pins(hole, path), alternative);
    return written(alternative, path + "#" + std::to_string(chosen.index));
  }

  Value free_form(const Value& value, const std::string& path) {
    const Value& length = *value.find("length");
    const Value& ops = *value.find("ops");
    std::int64_t count = length.integer;
    if (is_hole(length)) {
      const Value taken = hole(length, keyed(path, "length"));
      const Value as_written = with_pins(value, path);
      record(filled(keyed(path, "length")), length, taken, &as_written);
      count = static_cast<std::int64_t>(taken.number);
    }
    Value chain = json_array();
    for (std::int64_t i = 0; i < count; ++i) {
      const std::string here = indexed(path, static_cast<std::size_t>(i));
      if (ops.items.size() == 1) {
        chain.items.push_back(written(ops.items.front(), here));
        continue;
      }
      Value position = json_object();
      set_member(position, "choose", ops);
      chain.items.push_back(hole(position, here));
    }
    return chain;
  }

  Value stages(const Value& list) {
    Value result = json_array();
    for (std::size_t s = 0; s < list.items.size(); ++s)
      result.items.push_back(stage(list.items[s], indexed("stages", s)));
    return result;
  }

  Value stage(const Value& value, const std::string& path) {
    Value result = json_object();
    for (const Member& member : value.members) {
      if (member.key == "modules")
        set_member(result, "modules", modules(value, member.value, keyed(path, "modules")));
      else if (member.key != "module")
        set_member(result, member.key, written(member.value, keyed(path, member.key)));
    }
    return result;
  }

  Value modules(const Value& stage, const Value& value, const std::string& path) {
    Value list = json_array();
    if (value.kind == Kind::Array) {
      for (const Value& entry : value.items) {
        const Value* repeat = entry.find("repeat");
        const double times = repeat == nullptr ? 1 : repeat->number;
        for (int r = 0; r < times; ++r)
          list.items.push_back(entry_of(stage, entry, indexed(path, list.items.size())));
      }
      return list;
    }
    const Value& shared = *stage.find("module");
    double count = value.number;
    if (is_hole(value)) {
      const Value taken = hole(value, path);
      Value as_written = json_object();
      set_member(as_written, "modules", value);
      set_member(as_written, "module", shared);
      record(filled(path), value, taken, &as_written);
      count = taken.number;
    }
    for (int m = 0; m < count; ++m) {
      const std::string here = indexed(path, list.items.size());
      as_written_ = shared;
      is_template_ = false;
      list.items.push_back(module(shared, here, {}));
    }
    return list;
  }

  Value entry_of(const Value& stage, const Value& entry, const std::string& path) {
    const bool is_complete = entry.kind != Kind::Object || is_hole(entry) ||
                             entry.find("module") != nullptr || entry.find("chain") != nullptr ||
                             entry.find("branches") != nullptr;
    Value whole = entry;
    if (!is_complete) set_member(whole, "module", *stage.find("module"));
    remove_member(whole, "repeat");
    as_written_ = whole;
    is_template_ = false;
    return module(whole, path, {});
  }

  /// Writes out the body that a name, a choice or a reference leads to.
  Value module(const Value& value, const std::string& path, std::vector<Override> overrides) {
    if (value.kind == Kind::String) {
      is_template_ = true;
      return module(*root_.find("modules")->find(value.string), path, std::move(overrides));
    }
    if (is_hole(value)) {
      const std::string here = keyed(path, "module");
      const Filled chosen = filled(here);
      const Value& alternative =
          *ordered_alternatives(*value.find("choose"))[static_cast<std::size_t>(chosen.index)];
      record(chosen, value, alternative, &as_written_);
      return module(alternative, here + "#" + std::to_string(chosen.index), std::move(overrides));
    }
    if (const Value* target = value.find("module")) {
      add_overrides(value, path, overrides);
      return module(*target, path, std::move(overrides));
    }
    add_overrides(value, path, overrides);
    Value body = json_object();
    for (const Override& override_ : overrides)
      if (value.find(override_.key) == nullptr)
        set_member(body, override_.key, written(*override_.value, override_.path));
    for (const Member& member : value.members) {
      const Override* own = find_override(overrides, member.key);
      const bool is_dropped =
          member.key == "repeat" || (is_template_ && member.key == "description");
      if (!is_dropped)
        set_member(body, member.key,
                   own == nullptr ? written(member.value, keyed(path, member.key))
                                  : written(*own->value, own->path));
    }
    return body;
  }
  static void add_overrides(const Value& value, const std::string& path,
                            std::vector<Override>& overrides) {
    for (const char* key : {"stride", "channels", "from"}) {
      const Value* own = value.find(key);
      if (own != nullptr && find_override(overrides, key) == nullptr)
        overrides.push_back({key, keyed(path, key), own});
    }
  }
  static const Override* find_override(const std::vector<Override>& overrides,
                                       std::string_view key) {
    for (const Override& override_ : overrides)
      if (override_.key == key) return &override_;
    return nullptr;
  }

  /// Earlier records stay, new ones follow in the order of decisions.
  Value records() const {
    Value list = json_array();
    if (const Value* old = root_.find("decisions"))
      for (const Value& record : old->items)
        if (!model_.by_path.contains(record.find("path")->string)) list.items.push_back(record);
    for (const auto& [id, record] : taken_) list.items.push_back(record);
    return list;
  }

  const Model& model_;
  const Value& root_;
  Assignment assignment_;
  const std::vector<By>& by_;
  std::map<DecisionId, Value> taken_;
  bool is_template_ = false;  ///< the body is a named template's; its description stays there
  Value as_written_;          ///< the entry whose module is being written
};

}  // namespace

std::string design_text(const Prototype& prototype, const Assignment& assignment,
                        const std::vector<By>& by, std::string_view name) {
  return pretty_text(DesignWriter(prototype, assignment, by).write(name));
}

}  // namespace atto::net
