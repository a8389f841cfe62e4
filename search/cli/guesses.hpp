#pragma once
// What a classifier's output says.

#include <span>
#include <string>
#include <vector>

#include "export/format/program.hpp"

namespace atto::cli {

struct Guess {
  std::string name;
  double share = 0;
};

/// Returns the `count` most likely classes; outputs that are no shares of one become such.
std::vector<Guess> top_guesses(std::span<const float> output, const format::Program& program,
                               std::size_t count);
/// The class's name, or "class 3" where the file has none.
std::string class_name(const format::Program& program, std::size_t index);

}  // namespace atto::cli
