#pragma once
// The data sets whose files have a layout of their own. Each is a file, which holds its row and its
// reader, and a line of known_datasets.cpp.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trainer/data/dataset.hpp"

namespace atto::train {

/// What is known of a data set before it is found.
struct KnownDataset {
  std::string_view name;
  std::vector<std::string_view> folders;  ///< where it may lie below a search folder
  std::string_view witness;               ///< the file that shows it
  std::vector<std::string_view> files;    ///< all that are read
  net::Shape shape;
  int classes = 0;
  std::int64_t train_images = 0, test_images = 0;  ///< as delivered
  std::string_view how_to_get;                     ///< one line for people
  DatasetFormat format;
};

/// In the order in which people see them.
std::span<const KnownDataset* const> known_datasets();

}  // namespace atto::train
