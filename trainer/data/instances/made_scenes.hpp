#pragma once
// Sets whose scenes are made: scene k of a split is a function of (seed, split, k).

#include <memory>
#include <string_view>

#include "trainer/data/instances/instance_set.hpp"

namespace atto::train {

/// The numbers that a name may give, and their defaults.
struct SceneNumbers {
  int size = 128;  ///< side in pixels, 32 to 1024
  std::int64_t train = 2000, validation = 200, test = 500;
  std::int64_t seed = 1;

  std::int64_t count(Split split) const;
};

/// Reads "NAME:key=number,...". Throws SpecError.
SceneNumbers read_scene_numbers(std::string_view name, const SceneNumbers& defaults);

/// A set of scenes that derives from this makes one at a time.
class MadeScenes : public InstanceSet {
 public:
  MadeScenes(std::string_view name, const SceneNumbers& defaults);
  std::size_t pictures(Split split) const override;
  InstancePicture picture(Split split, std::size_t index) const override;
  det::Annotations annotations(Split split) const override;

 protected:
  /// Returns what a scene is made from.
  std::uint64_t seed_of(Split split, std::size_t index) const;
  /// The objects' `picture` is 0. Without pixels: the same objects.
  virtual InstancePicture make(Split split, std::uint64_t seed, bool has_pixels) const = 0;
  SceneNumbers numbers_;
};

/// Items of Fashion-MNIST lie over each other on busy backgrounds: 10 classes, 1 to 6 items turned
/// and coloured, small holes, what is hidden cut out of masks. Items of scenes to validate and to
/// test are in no scene to train. Throws EnvironmentError where Fashion-MNIST is not installed.
std::unique_ptr<InstanceSet> open_fashion_scenes(std::string_view name);

/// Discs, rings and bars on noise. Needs no files; for tests.
std::unique_ptr<InstanceSet> open_synthetic_instances(std::string_view name);

}  // namespace atto::train
