#pragma once
// What decisions have in common: the same hole of a template in every module that uses it (a role),
// the stage, the place within the stage. And the features that generator and inquisitor describe
// choices with: small statements such as "role r takes alternative a in stage s".

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "generator/space/decision_forest.hpp"

namespace atto::gen {

/// What a feature says. Structure: alternative a of a decision. Width: a number.
enum class FeatureKind : std::uint8_t {
  Role,       ///< role r takes alternative a, wherever it stands
  Stage,      ///< the same, in stage s
  Position,   ///< the same, in the module at place p of its stage
  Own,        ///< this very decision takes a
  Within,     ///< role r takes a after an earlier role of the module took b
  Between,    ///< role r takes a where the module before took b for role q
  Width,      ///< relative width of this very decision
  WidthBend,  ///< its square
  WidthRole,  ///< relative width wherever the role stands
  WidthStage  ///< relative width of the role in stage s
};
inline constexpr int kFeatureKinds = 10;

struct Feature {
  FeatureKind kind = FeatureKind::Role;
  std::int32_t subject = 0;      ///< a role or (Own, Width, WidthBend) a decision
  std::int32_t alternative = 0;  ///< structure only
  std::int32_t context = 0;      ///< stage, place, or the earlier role
  std::int32_t before = 0;       ///< the earlier role's alternative
  friend bool operator==(const Feature&, const Feature&) = default;
};

struct Traits {
  std::int32_t role = 0;
  std::int32_t stage = -1, position = -1;  ///< -1: in no stage, no module
  std::int32_t scope = 0;                  ///< as in DecisionForest
};

class DecisionTraits {
 public:
  /// Without context every decision stands for itself: features are Own, Width and WidthBend alone.
  /// The forest must outlive it.
  DecisionTraits(const DecisionForest& forest, bool with_context);

  const DecisionForest& forest() const { return *forest_; }
  const Traits& of(net::DecisionId id) const { return traits_[static_cast<std::size_t>(id)]; }
  const std::string& role_name(std::int32_t role) const {
    return role_names_[static_cast<std::size_t>(role)];
  }

  /// Appends what choosing an alternative of a structure decision says, given the choices before it
  /// in its module.
  void say(net::DecisionId id, std::int32_t alternative, const net::Assignment& before,
           std::vector<Feature>& features) const;
  /// Appends what a width's decision says; its number is relative_width().
  void say_width(net::DecisionId id, std::vector<Feature>& features) const;
  /// Appends the pairs with the module before (of the same stage or the one before it).
  void say_between(net::DecisionId id, const net::Assignment& assignment,
                   std::vector<Feature>& features) const;
  /// Returns the place of a width on its grid, from -1 (smallest) to 1.
  double relative_width(net::DecisionId id, std::int32_t alternative) const;

  /// Names a feature for people: "stages[1] .chain = #1 grouped".
  std::string name(const Feature& feature) const;

 private:
  std::string alternative_name(std::int32_t role, std::int32_t alternative) const;

  const DecisionForest* forest_;
  bool with_context_;
  std::vector<Traits> traits_;
  std::vector<std::string> role_names_;
  std::vector<net::DecisionId> role_example_;  ///< one decision of each role
  std::vector<std::int32_t> scope_before_;     ///< by scope: the scope of the module before, or -1
};

/// Numbers features in the order in which they turn up.
class FeatureIndex {
 public:
  std::int32_t add(const Feature& feature);
  /// Returns -1 for one that was never added.
  std::int32_t find(const Feature& feature) const;
  const std::vector<Feature>& features() const { return features_; }

 private:
  std::unordered_map<std::uint64_t, std::int32_t> numbers_;
  std::vector<Feature> features_;
};

}  // namespace atto::gen
