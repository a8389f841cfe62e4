#pragma once
// Collects units into children and calls: what follows on each other becomes one child.

#include <functional>
#include <map>

#include "export/pytorch/plan.hpp"

namespace atto::deploy::pytorch {

class BodyBuilder {
 public:
  /// `prefix`: of the layers' names, which is not part of a child's.
  BodyBuilder(const Facts& facts, std::string prefix, Names& names)
      : facts_(facts), prefix_(std::move(prefix)), names_(names) {}

  /// Adds a unit behind its input's child, or as one of its own.
  void add(const Unit& unit);
  void add_call(Call call) { calls_.push_back(std::move(call)); }
  void add_child(Child child) { children_.push_back(std::move(child)); }
  /// What was added so far gets nothing behind it.
  void close() { open_.clear(); }

  std::vector<Child>& children() { return children_; }
  std::vector<Call> take_calls() { return std::exchange(calls_, {}); }

 private:
  struct Run {
    std::size_t child, call;
  };
  std::string name_of(int layer) const;

  const Facts& facts_;
  const std::string prefix_;
  Names& names_;
  std::vector<Child> children_;
  std::vector<Call> calls_;
  std::map<int, Run> open_;  ///< by the layer that a run makes
};

/// Returns what a child is called that begins with this layer: "chain" of
/// "stages[0].modules[2].chain[1].conv" behind "stages[0].modules[2].".
std::string child_word(std::string_view layer_name);

}  // namespace atto::deploy::pytorch
