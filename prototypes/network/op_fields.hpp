#pragma once
// What tells two operations of a kind apart, by name: for files and programs that read networks.

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "prototypes/network/operations.hpp"

namespace atto::net {

struct OpField {
  std::string_view name;  ///< "kernel"
  /// Sides only where the two differ.
  std::variant<std::int64_t, bool, std::string_view, double, Sides> value;
};

/// Returns the fields in the order of fields(); none for an operation that has none.
std::vector<OpField> op_fields(const Op& op);

}  // namespace atto::net
