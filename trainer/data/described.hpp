#pragma once
// Descriptions of data sets that have no row: image folders, and the made-up one.

#include "trainer/data/datasets.hpp"

namespace atto::train {

/// An absolute path without a slash at its end, whose last part is a name.
std::filesystem::path absolute_folder(const std::filesystem::path& folder);

/// Throws as describe_dataset does.
DatasetInfo describe_folder(const std::string& name, const std::filesystem::path& folder,
                            std::optional<int> resolution);
DatasetInfo describe_synthetic(std::string_view dataset, std::optional<int> resolution);

}  // namespace atto::train
