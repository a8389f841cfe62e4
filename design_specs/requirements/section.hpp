#pragma once
// One object of a spec while it is read: fills fields whose keys are present and leaves the rest at
// their defaults.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "design_specs/reading/problems.hpp"
#include "design_specs/requirements/task_kind.hpp"

namespace atto::spec {

class Section {
 public:
  /// Checks the object's keys at once.
  Section(Problems& problems, Cursor object, std::span<const std::string_view> keys);

  std::optional<Cursor> member(std::string_view key) const;
  /// Each sets `target` when the key is there and its value is right.
  void integer(std::string_view key, int& target, int low, int high);
  void number(std::string_view key, double& target, double low, double high);
  void boolean(std::string_view key, bool& target);
  void text(std::string_view key, std::string& target);
  /// Sets `target` to the one of `names` that is written.
  void one_of(std::string_view key, std::string& target, std::span<const std::string_view> names);

 private:
  Problems& problems_;
  Cursor object_;
};

/// Refuses the keys of an object that tasks of other kinds have, which join `keys`.
void refuse_other_kinds(Problems& problems, const Cursor& object, const TaskKind& kind,
                        std::vector<std::string_view>& keys);

}  // namespace atto::spec
