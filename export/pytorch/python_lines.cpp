#include "export/pytorch/python_lines.hpp"

#include <algorithm>

namespace atto::deploy::pytorch {
namespace {

constexpr std::size_t kLongest = 88;  ///< longer lines do not push their neighbours' comments

}  // namespace

void append(Lines& to, Lines lines) {
  to.insert(to.end(), std::make_move_iterator(lines.begin()), std::make_move_iterator(lines.end()));
}

std::string joined(const Lines& lines) {
  std::string text;
  for (std::size_t begin = 0; begin < lines.size();) {
    std::size_t end = begin, width = 0;
    for (; end < lines.size() && !lines[end].comment.empty(); ++end)
      if (lines[end].text.size() <= kLongest) width = std::max(width, lines[end].text.size());
    end = std::max(end, begin + 1);
    for (; begin < end; ++begin) {
      const Line& line = lines[begin];
      text += line.text;
      if (!line.comment.empty()) {
        text.append(width > line.text.size() ? width - line.text.size() : 0, ' ');
        text += "  # " + line.comment;
      }
      text += '\n';
    }
  }
  return text;
}

}  // namespace atto::deploy::pytorch
