#pragma once
// A whole document.

#include "design_specs/reading/json.hpp"
#include "prototypes/language/ast.hpp"
#include "prototypes/language/prototype.hpp"

namespace atto::net {

struct ReadNetwork {
  Model model;
  std::vector<Provenance> provenance;
};

/// Throws SpecError with every problem, located, each once.
ReadNetwork read_network(const spec::Document& document);

}  // namespace atto::net
