// Puts holes back where a design records what filled them.
#include <algorithm>
#include <charconv>
#include <set>

#include "prototypes/language/json_text.hpp"
#include "prototypes/language/keys.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/language/reading/network_reader.hpp"

namespace atto::net {
namespace {

using spec::Kind;
using spec::Value;

/// Returns a decision path without the alternatives it lives in and without the choices of
/// templates
/// (".module"): where its hole stood in the design.
std::string place_of(std::string_view path) {
  constexpr std::string_view kModule = ".module";
  std::string place;
  while (!path.empty()) {
    const bool is_module = path.starts_with(kModule) && !path.starts_with(".modules");
    if (is_module) {
      path.remove_prefix(kModule.size());
    } else if (path.front() == '#') {
      path.remove_prefix(std::min(path.find_first_not_of("0123456789", 1), path.size()));
    } else {
      place += path.front();
      path.remove_prefix(1);
    }
  }
  return place;
}

/// Returns the value at a place such as "stages[0].modules[2].chain", or nullptr.
Value* value_at(Value& root, std::string_view place) {
  Value* value = &root;
  while (!place.empty() && value != nullptr) {
    if (place.front() == '.') place.remove_prefix(1);
    if (place.starts_with('[')) {
      std::size_t index = 0;
      const std::size_t close = std::min(place.find(']'), place.size() - 1);
      std::from_chars(place.data() + 1, place.data() + close, index);
      value = index < value->items.size() ? &value->items[index] : nullptr;
      place.remove_prefix(close + 1);
    } else {
      const std::size_t end = std::min(place.find_first_of(".["), place.size());
      value = find_member(*value, place.substr(0, end));
      place.remove_prefix(end);
    }
  }
  return value;
}

/// What reopening one record puts back.
struct Restoration {
  std::string path;
  std::string at;          ///< the place that is overwritten, with all that stands below it
  bool merges = false;     ///< a stage's count: members are set, not the whole value
  bool is_module = false;  ///< a choice of templates: the whole entry comes back
  const Value* value = nullptr;
};

Restoration restoration_of(const Value& record) {
  Restoration restoration;
  restoration.path = record.find("path")->string;
  restoration.at = place_of(restoration.path);
  restoration.value = record.find("hole");
  const Value* as_written = record.find("as_written");
  if (as_written == nullptr) return restoration;
  restoration.value = as_written;
  const auto drop = [&](std::string_view suffix) {
    if (!restoration.at.ends_with(suffix)) return false;
    restoration.at.resize(restoration.at.size() - suffix.size());
    return true;
  };
  if (drop(".length")) return restoration;
  restoration.is_module = restoration.path.ends_with(".module");
  restoration.merges = !restoration.is_module && drop(".modules");
  return restoration;
}

/// Returns whether the place of `path` lies below what `restoration` overwrites.
bool covers(const Restoration& restoration, std::string_view path) {
  // A choice may stand directly inside a choice, at one place.
  if (restoration.path == path || path.starts_with(restoration.path + "#")) return true;
  const std::string place = place_of(path);
  std::string below = restoration.at;
  if (restoration.merges) below += ".modules";
  if (!place.starts_with(below)) return false;
  if (place.size() == below.size()) return restoration.is_module;
  // A free-form chain may itself be a choice at the same place; that record stays.
  return place[below.size()] == '.' || place[below.size()] == '[';
}

/// Returns whether the pattern addresses a part of the network that the path lies in.
bool addresses_whole(std::string_view pattern, std::string_view path) {
  if (pattern == "*") return true;
  for (std::size_t i = 1; i < path.size(); ++i)
    if ((path[i] == '.' || path[i] == '[' || path[i] == '#') &&
        path_matches(pattern, path.substr(0, i)))
      return true;
  return false;
}

class Reopening {
 public:
  explicit Reopening(const spec::Document& design) : file_(design.name), root_(design.root) {
    if (const Value* list = design.root.find("decisions"))
      for (const Value& record : list->items) restorations_.push_back(restoration_of(record));
  }

  std::string text(const std::vector<std::string>& patterns) {
    std::set<const Restoration*> freed;
    std::vector<Problem> problems;
    for (const std::string& pattern : patterns)
      if (!free(pattern, freed))
        problems.push_back({file_, "", "no recorded decision has this path", pattern});
    if (!problems.empty()) throw SpecError(std::move(problems));
    Value result = root_;
    for (const Restoration* restoration : freed)
      if (!is_covered(*restoration, freed)) restore(*restoration, result, problems);
    if (!problems.empty()) throw SpecError(std::move(problems));
    drop_records(freed, result);
    return pretty_text(result);
  }

 private:
  bool free(const std::string& pattern, std::set<const Restoration*>& freed) const {
    const auto add = [&](auto&& matches) {
      bool found = false;
      for (const Restoration& restoration : restorations_)
        if (matches(restoration)) {
          freed.insert(&restoration);
          found = true;
        }
      return found;
    };
    return add([&](const Restoration& r) { return path_matches(pattern, r.path); }) ||
           add([&](const Restoration& r) { return addresses_whole(pattern, r.path); });
  }

  static bool is_covered(const Restoration& restoration,
                         const std::set<const Restoration*>& freed) {
    return std::any_of(freed.begin(), freed.end(), [&](const Restoration* other) {
      return other != &restoration && covers(*other, restoration.path) &&
             !(covers(restoration, other->path) && &restoration < other);
    });
  }

  void restore(const Restoration& restoration, Value& root, std::vector<Problem>& problems) const {
    Value* target = value_at(root, restoration.at);
    if (target == nullptr) {
      problems.push_back(
          {file_, "", "the design no longer has the place of this decision", restoration.path});
    } else if (restoration.merges) {
      for (const spec::Member& member : restoration.value->members)
        set_member(*target, member.key, member.value);
    } else {
      *target = *restoration.value;
    }
  }

  void drop_records(const std::set<const Restoration*>& freed, Value& root) const {
    Value* list = find_member(root, "decisions");
    std::erase_if(list->items, [&](const Value& record) {
      const std::string& path = record.find("path")->string;
      return std::any_of(freed.begin(), freed.end(),
                         [&](const Restoration* r) { return covers(*r, path); });
    });
    if (list->items.empty()) remove_member(root, "decisions");
  }

  std::string file_;
  const Value& root_;
  std::vector<Restoration> restorations_;
};

}  // namespace

std::string reopened_text(const spec::Document& design,
                          const std::vector<std::string>& free_paths) {
  (void)read_network(design);  // its faults first
  return Reopening(design).text(free_paths);
}

}  // namespace atto::net
