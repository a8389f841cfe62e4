#include "trainer/data/instances/instance_dataset.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "design_specs/errors.hpp"
#include "trainer/data/batches.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/data/instances/tiles.hpp"
#include "trainer/data/instances/views.hpp"

namespace atto::train {
namespace {

/// Of pixels as the network sees them.
Normalisation measured(const Dataset& data, const net::Shape& input) {
  constexpr std::size_t kPictures = 200;
  const auto channels = static_cast<std::size_t>(input.channels);
  std::array<double, 4> sum{}, squares{};
  double count = 0;
  Normalisation plain;
  for (const std::int32_t number : spread_images(data.train, kPictures)) {
    const InstancePicture picture =
        data.instances->picture(Split::Train, static_cast<std::size_t>(number));
    const View view = whole_view(picture, input);
    const net::Shape seen{input.channels, std::min(view.height, input.height),
                          std::min(view.width, input.width)};
    std::vector<float> pixels(static_cast<std::size_t>(seen.elements()));
    write_view(picture, view, seen, plain, pixels.data());
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      sum[i % channels] += pixels[i];
      squares[i % channels] += double(pixels[i]) * pixels[i];
    }
    count += static_cast<double>(pixels.size() / channels);
  }
  Normalisation normalisation;
  for (std::size_t c = 0; c < channels && count > 0; ++c) {
    const double mean = sum[c] / count;
    const double variance = std::max(0.0, squares[c] / count - mean * mean);
    normalisation.mean[c] = static_cast<float>(mean);
    normalisation.stddev[c] = static_cast<float>(std::max(std::sqrt(variance), 1e-3));
  }
  return normalisation;
}

}  // namespace

DatasetInfo instance_info(const InstanceSet& set, const net::Shape& input) {
  const InstanceInfo& from = set.info();
  const auto pictures = [&](Split split) { return static_cast<std::int64_t>(set.pictures(split)); };
  DatasetInfo info;
  info.name = from.name;
  info.folder = from.folder;
  info.digest = from.digest;
  info.notes = from.notes;
  info.is_by_path = from.is_by_path;
  info.channels = input.channels;
  info.height = input.height;
  info.width = input.width;
  info.classes = static_cast<int>(from.categories.size());
  info.validation_images = pictures(Split::Validation);
  info.train_images = pictures(Split::Train) + info.validation_images;
  info.test_images = pictures(Split::Test);
  return info;
}

std::unique_ptr<InstanceSet> find_instance_set(const spec::DatasetIdentity& identity) {
  const std::string folder = identity.place.string();
  const std::string place =
      folder.empty() ? folder : folder + read_tiled_name(identity.name).tiling;
  const bool is_there = !place.empty() && is_instance_set(place);
  std::unique_ptr<InstanceSet> set = open_instance_set(is_there ? place : identity.name);
  if (!identity.digest.empty() && set->info().digest != identity.digest)
    throw EnvironmentError("data set " + identity_text(identity) +
                           ": was changed or replaced; here is " +
                           identity_text(identity_of(instance_info(*set, {}))));
  return set;
}

Dataset instance_dataset(std::shared_ptr<const InstanceSet> set, const net::Shape& input) {
  Dataset data;
  const InstanceInfo& from = set->info();
  std::int32_t next = 0;
  const auto number = [&](Split split, std::vector<std::int32_t>& numbers) {
    numbers.resize(set->pictures(split));
    std::iota(numbers.begin(), numbers.end(), next);
    next += static_cast<std::int32_t>(numbers.size());
  };
  number(Split::Train, data.train);
  number(Split::Validation, data.validation);
  number(Split::Test, data.test);
  data.info = instance_info(*set, input);
  for (const det::Category& category : from.categories) data.class_names.push_back(category.name);
  data.instances = std::move(set);
  data.normalisation = measured(data, input);
  return data;
}

PicturePlace place_of(const Dataset& data, std::int32_t image) {
  auto index = static_cast<std::size_t>(image);
  for (const Split split : {Split::Train, Split::Validation}) {
    const std::size_t pictures = data.instances->pictures(split);
    if (index < pictures) return {split, index};
    index -= pictures;
  }
  return {Split::Test, index};
}

det::Annotations annotations_of(const Dataset& data, std::span<const std::int32_t> images) {
  std::map<Split, det::Annotations> splits;
  std::map<Split, std::vector<std::vector<std::size_t>>> objects;
  det::Annotations chosen;
  chosen.categories = data.instances->info().categories;
  for (const std::int32_t image : images) {
    const auto [split, index] = place_of(data, image);
    if (!splits.contains(split)) {
      const det::Annotations& all = splits[split] = data.instances->annotations(split);
      objects[split].resize(all.pictures.size());
      for (std::size_t i = 0; i < all.objects.size(); ++i)
        objects[split][static_cast<std::size_t>(all.objects[i].picture)].push_back(i);
    }
    const auto picture = static_cast<int>(chosen.pictures.size());
    chosen.pictures.push_back(splits[split].pictures.at(index));
    chosen.pictures.back().id = picture + 1;  // ids of two splits may be equal
    for (const std::size_t i : objects[split][index]) {
      chosen.objects.push_back(splits[split].objects[i]);
      chosen.objects.back().picture = picture;
    }
  }
  return chosen;
}

}  // namespace atto::train
