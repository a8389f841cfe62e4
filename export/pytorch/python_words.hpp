#pragma once
// Words of Python: what is an identifier, how a text is written down, names that are given once.

#include <set>
#include <string>
#include <string_view>

namespace atto::deploy::pytorch {

/// Whether a child of an nn.Module, or a class, may be called so: ASCII letters, digits and inner
/// underscores, no keyword, nothing that nn.Module or a model.py uses itself.
bool is_free_word(std::string_view text);

/// Returns "StageOne" for "stage_one": a class name of the letters and digits of the text; empty
/// where they make none.
std::string class_word(std::string_view text);

/// Returns the text as a Python string in ASCII, quotes included. Bytes that are no UTF-8 become
/// U+FFFD.
std::string python_text(std::string_view text);

/// Returns the number as a Python float: "1.0", "1e-06".
std::string python_number(double value);

/// Names of one scope.
class Names {
 public:
  /// Returns the word, or the word with a number behind it where it is taken.
  std::string give(const std::string& word);

 private:
  std::set<std::string> taken_;
};

}  // namespace atto::deploy::pytorch
