#pragma once
// What a data set is, wherever it lies by now: recorded once with what was made of it (weights, a
// campaign), and compared by whoever reads that later.

#include <filesystem>
#include <string>

namespace atto::spec {

struct DatasetIdentity {
  std::string name;             ///< "cifar10", "synthetic:classes=4", a folder's last name
  std::filesystem::path place;  ///< absolute folder; empty for synthetic sets
  std::string digest;  ///< of names, sizes and classes, 16 hex digits; empty = was not recorded
  int classes = 0;
};

}  // namespace atto::spec
