#pragma once
// The statements of a forward(): which values get a variable, and what it is called.

#include <map>
#include <set>

#include "export/pytorch/plan.hpp"
#include "export/pytorch/python_lines.hpp"

namespace atto::deploy::pytorch {

struct ForwardText {
  const Facts& facts;
  const std::vector<Call>& calls;
  std::map<int, std::string> given;  ///< values that are there: by layer, their variables
  std::vector<int> results;          ///< layers; more than one make a tuple
  bool is_nested = false;            ///< values that a join reads once stand inside of it
  std::set<int> flattened = {};      ///< values [batch, features] that the network knows as maps

  /// Returns the statements, the last of which returns the results.
  Lines lines(const std::string& indent) const;
};

}  // namespace atto::deploy::pytorch
