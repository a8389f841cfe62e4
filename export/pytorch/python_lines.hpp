#pragma once
// Lines of Python with comments at their ends.

#include <string>
#include <vector>

namespace atto::deploy::pytorch {

struct Line {
  std::string text;
  std::string comment;  ///< behind it, without the #
};
using Lines = std::vector<Line>;

void append(Lines& to, Lines lines);

/// Returns the lines, each with an end; comments of neighbours stand below each other.
std::string joined(const Lines& lines);

}  // namespace atto::deploy::pytorch
