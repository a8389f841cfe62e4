#pragma once
// One data set, for `atto data NAME`.

#include <filesystem>
#include <string>

namespace atto::cli {

struct DataShown {
  std::string name;
  bool is_json = false;
  std::filesystem::path draw;  ///< where pictures with their objects go; empty: nowhere
  std::string split = "train";
  int pictures = 8;
  bool is_plain = false;  ///< pictures as they are, at their own size
};

/// Prints what a set holds, and draws pictures of a set of instances. Throws as the readers do.
int show_data(const DataShown& what);

}  // namespace atto::cli
