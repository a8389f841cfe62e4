#pragma once
// A set of instances as training runs see every data set: images have numbers, those of the
// training split first, then validation, then test. Pictures are read when they are wanted.

#include <memory>

#include "design_specs/requirements/dataset_identity.hpp"
#include "prototypes/network/network.hpp"
#include "trainer/data/dataset.hpp"
#include "trainer/data/instances/instance_set.hpp"

namespace atto::train {

/// Describes a set as what a network of that input sees.
DatasetInfo instance_info(const InstanceSet& set, const net::Shape& input);

/// Finds the recorded set again, where it was or by its name. Throws EnvironmentError: not found,
/// or what is there is another set.
std::unique_ptr<InstanceSet> find_instance_set(const spec::DatasetIdentity& identity);

/// Measures the normalisation over at most 200 training pictures. Throws as the set's picture().
Dataset instance_dataset(std::shared_ptr<const InstanceSet> set, const net::Shape& input);

/// Where an image of the data set is in its set of instances.
struct PicturePlace {
  Split split = Split::Train;
  std::size_t index = 0;
};
PicturePlace place_of(const Dataset& data, std::int32_t image);

/// Returns what is to be found in some images, which are its pictures in this order.
det::Annotations annotations_of(const Dataset& data, std::span<const std::int32_t> images);

}  // namespace atto::train
