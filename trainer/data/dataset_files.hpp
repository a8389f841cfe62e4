#pragma once
// What the readers of data sets share: faults of a file are told with its rule and what is there.

#include <filesystem>
#include <string>
#include <vector>

#include "trainer/data/dataset.hpp"

namespace atto::train {

/// Throws EnvironmentError: "FILE: RULE; got GOT".
[[noreturn]] void bad_file(const std::filesystem::path& file, const std::string& rule,
                           const std::string& got);

/// Throws EnvironmentError for a label that is no class.
void expect_label(const std::filesystem::path& file, int label, int classes);

/// Makes room for all images of `info`.
void reserve(const DatasetInfo& info, Images& images);

/// Returns the lines that are not empty; none where there is no such file.
std::vector<std::string> lines_of(const std::filesystem::path& file);

}  // namespace atto::train
