// The data set that needs no files.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <system_error>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"
#include "trainer/data/dataset_files.hpp"
#include "trainer/data/described.hpp"

namespace atto::train {
namespace {

/// Class c is a grating of its own direction and frequency with a colour of its own, at a random
/// phase and contrast, under noise: learnt well in a few epochs, and not by the mean colour alone.
void make(DatasetInfo& info, Images& images) {
  reserve(info, images);
  const std::int64_t count = info.train_images + info.test_images;
  for (std::int64_t i = 0; i < count; ++i) {
    const int label = static_cast<int>(i % info.classes);
    spec::Random random(spec::derive_seed({0x51717e71cULL, static_cast<std::uint64_t>(i)}));
    const double angle = M_PI * label / info.classes, frequency = 0.35 + 0.25 * (label % 3);
    const double phase = 2 * M_PI * random.uniform(), contrast = 25 + 25 * random.uniform();
    for (int y = 0; y < info.height; ++y)
      for (int x = 0; x < info.width; ++x) {
        const double wave =
            std::sin(frequency * (x * std::cos(angle) + y * std::sin(angle)) + phase);
        for (int c = 0; c < info.channels; ++c) {
          const double tint = 10 * std::cos(2 * M_PI * (label + 3 * c) / info.classes);
          const double noise = 60 * (random.uniform() - 0.5);
          images.pixels.push_back(static_cast<std::uint8_t>(
              std::clamp(128 + tint + contrast * wave + noise, 0.0, 255.0)));
        }
      }
    images.labels.push_back(label);
  }
}

[[noreturn]] void refuse(const DatasetInfo& info, std::string_view key, std::string rule,
                         std::string_view got) {
  throw SpecError({{"data set " + info.name, std::string(key), std::move(rule), std::string(got)}});
}

/// Reads "key=number,..." after "synthetic:".
void read_synthetic_options(std::string_view text, DatasetInfo& info) {
  struct Number {
    std::int64_t value, most;
  };
  std::map<std::string_view, Number> numbers = {{"classes", {info.classes, 65536}},
                                                {"size", {info.height, 1024}},
                                                {"channels", {info.channels, 4}},
                                                {"train", {info.train_images, 1'000'000}},
                                                {"test", {info.test_images, 1'000'000}}};
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const std::size_t equals = part.find('=');
    const auto found = numbers.find(part.substr(0, equals));
    if (equals == std::string_view::npos || found == numbers.end())
      refuse(info, "", "must be KEY=NUMBER with KEY among classes, size, channels, train, test",
             part);
    Number& number = found->second;
    const std::string_view digits = part.substr(equals + 1);
    const char* const last = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), last, number.value);
    if (read.ec != std::errc{} || read.ptr != last || number.value < 1 ||
        number.value > number.most)
      refuse(info, found->first, fmt::format("must be a whole number from 1 to {}", number.most),
             digits);
  }
  info.classes = static_cast<int>(numbers["classes"].value);
  info.height = info.width = static_cast<int>(numbers["size"].value);
  info.channels = static_cast<int>(numbers["channels"].value);
  info.train_images = numbers["train"].value;
  info.test_images = numbers["test"].value;
}

}  // namespace

DatasetInfo describe_synthetic(std::string_view dataset, std::optional<int> resolution) {
  DatasetInfo info;
  info.name = dataset;
  info.format = {make};
  info.channels = 3;
  info.height = info.width = 32;
  info.classes = 10;
  info.train_images = 2000;
  info.test_images = 500;
  if (const auto colon = dataset.find(':'); colon != std::string_view::npos)
    read_synthetic_options(dataset.substr(colon + 1), info);
  info.digest = fmt::format(
      "{:016x}",
      spec::derive_seed({spec::hash_bytes("synthetic"), static_cast<std::uint64_t>(info.classes),
                         static_cast<std::uint64_t>(info.height),
                         static_cast<std::uint64_t>(info.channels),
                         static_cast<std::uint64_t>(info.train_images),
                         static_cast<std::uint64_t>(info.test_images)}));
  if (resolution) info.height = info.width = *resolution;
  if (const std::int64_t least = 2 * std::int64_t{info.classes}; info.train_images < least)
    refuse(info, "train",
           fmt::format("must be at least {}: two images of each of the {} classes, one of them for "
                       "validation",
                       least, info.classes),
           std::to_string(info.train_images));
  // Class c has ceil((n - c) / classes) of n images.
  for (int c = 0; c < info.classes; ++c)
    info.validation_images += validation_share(
        (info.train_images + info.classes - 1 - c) / info.classes, info.train_images);
  return info;
}

}  // namespace atto::train
