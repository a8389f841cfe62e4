#include "trainer/data/dataset_files.hpp"

#include <fstream>

#include "design_specs/errors.hpp"

namespace atto::train {

void bad_file(const std::filesystem::path& file, const std::string& rule, const std::string& got) {
  throw EnvironmentError(file.string() + ": " + rule + "; got " + got);
}

void expect_label(const std::filesystem::path& file, int label, int classes) {
  if (label >= classes)
    bad_file(file, "labels must be below " + std::to_string(classes), std::to_string(label));
}

void reserve(const DatasetInfo& info, Images& images) {
  const auto count = static_cast<std::size_t>(info.train_images + info.test_images);
  images.pixels.reserve(count * static_cast<std::size_t>(info.input().elements()));
  images.labels.reserve(count);
}

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

}  // namespace atto::train
