#pragma once
// Says in our own words what is wrong where a JSON parser stopped.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "design_specs/errors.hpp"

namespace atto::spec {

/// How far a parser came: the last token that it accepted, and the brackets still open.
struct ParseProgress {
  enum class Last { Nothing, Open, Key, Value } last = Last::Nothing;
  std::size_t start = 0, end = 0;  ///< bytes of that token; both 0 where there was none
  std::vector<std::size_t> open;   ///< offsets of the brackets still open, outermost first
};

/// Returns the one problem of a text that is not JSON.
Problem explain_syntax_error(std::string_view text, const std::string& name,
                             const ParseProgress& progress);

}  // namespace atto::spec
