#include "trainer/data/dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <new>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"

namespace atto::train {
namespace {

/// Fixed for ever: it decides which images are validation.
constexpr std::uint64_t kSplitSeed = 0x5eed0a770f0e6e01ULL;

/// Throws EnvironmentError for a class that is not in a split: its images could not be read.
void expect_every_class(const Dataset& data, const std::vector<std::int32_t>& images,
                        const char* split) {
  std::vector<bool> is_there(static_cast<std::size_t>(data.info.classes));
  for (const std::int32_t image : images)
    is_there[static_cast<std::size_t>(data.images.labels[static_cast<std::size_t>(image)])] = true;
  for (std::size_t c = 0; c < is_there.size(); ++c)
    if (!is_there[c])
      throw EnvironmentError(
          fmt::format("data set {}: class {} has no image for {} that can be read", data.info.name,
                      data.class_names[c], split));
}

void expect_labels(const Dataset& data) {
  for (const std::int32_t label : data.images.labels)
    if (label < 0 || label >= data.info.classes)
      throw EnvironmentError(fmt::format("data set {}: labels must be in [0, {}); got {}",
                                         data.info.name, data.info.classes, label));
}

void split(Dataset& data) {
  const auto trained = data.info.train_images, carved = trained - data.info.own_validation;
  std::vector<std::vector<std::int32_t>> of_class(static_cast<std::size_t>(data.info.classes));
  for (std::int64_t i = 0; i < carved; ++i)
    of_class[static_cast<std::size_t>(data.images.labels[static_cast<std::size_t>(i)])].push_back(
        static_cast<std::int32_t>(i));
  for (std::size_t c = 0; c < of_class.size(); ++c) {
    auto& members = of_class[c];
    spec::Random(spec::derive_seed({kSplitSeed, c})).shuffle(std::span<std::int32_t>(members));
    const auto held =
        carved < trained ? 0 : validation_share(static_cast<std::int64_t>(members.size()), trained);
    data.validation.insert(data.validation.end(), members.begin(), members.begin() + held);
    data.train.insert(data.train.end(), members.begin() + held, members.end());
  }
  std::sort(data.train.begin(), data.train.end());
  std::sort(data.validation.begin(), data.validation.end());
  for (std::int64_t i = carved; i < trained; ++i)
    data.validation.push_back(static_cast<std::int32_t>(i));
  for (std::int64_t i = trained; i < trained + data.info.test_images; ++i)
    data.test.push_back(static_cast<std::int32_t>(i));
  data.info.validation_images = static_cast<std::int64_t>(data.validation.size());
  expect_every_class(data, data.train, "training");
  expect_every_class(data, data.validation, "validation");
}

/// Sums are whole numbers, so that the result is exact in any order.
void measure(Dataset& data) {
  const auto channels = static_cast<std::size_t>(data.info.channels);
  std::array<std::uint64_t, 4> sum{}, squares{};
  for (std::int32_t index : data.train) {
    const std::uint8_t* pixel = data.image(index);
    for (const std::uint8_t* last = pixel + data.image_bytes(); pixel != last; pixel += channels)
      for (std::size_t c = 0; c < channels; ++c) {
        sum[c] += pixel[c];
        squares[c] += std::uint64_t{pixel[c]} * pixel[c];
      }
  }
  const double count = static_cast<double>(data.train.size()) * data.info.height * data.info.width;
  for (std::size_t c = 0; c < channels; ++c) {
    const double mean = static_cast<double>(sum[c]) / count;
    const double variance = std::max(0.0, static_cast<double>(squares[c]) / count - mean * mean);
    data.normalisation.mean[c] = static_cast<float>(mean / 255);
    data.normalisation.stddev[c] = static_cast<float>(std::max(std::sqrt(variance) / 255, 1e-3));
  }
}

std::vector<std::string> class_names_of(const DatasetInfo& info) {
  std::vector<std::string> names;
  if (info.format.class_names) names = info.format.class_names(info);
  if (names.size() == static_cast<std::size_t>(info.classes)) return names;
  names.clear();
  for (int c = 0; c < info.classes; ++c) names.push_back(std::to_string(c));
  return names;
}

}  // namespace

Dataset load_dataset(const DatasetInfo& info) {
  Dataset data;
  data.info = info;
  try {
    info.format.read(data.info, data.images);
  } catch (const std::bad_alloc&) {
    throw EnvironmentError("data set " + info.name + ": out of memory");
  }
  data.class_names = class_names_of(info);
  expect_labels(data);
  split(data);
  measure(data);
  return data;
}

}  // namespace atto::train
