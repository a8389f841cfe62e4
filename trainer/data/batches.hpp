#pragma once
// Batches of normalised, augmented images. Every choice depends on (seed, epoch, image) alone.

#include <cstdint>
#include <span>
#include <vector>

#include "design_specs/requirements/recipe.hpp"
#include "trainer/data/dataset.hpp"

namespace atto::train {

/// What happens to one image: it is read from (top, left) of its zero-padded self.
struct Augmentation {
  int top = 0, left = 0;          ///< shift in pixels, in [-crop_padding, crop_padding]
  bool flip = false;              ///< left and right exchanged, before the shift
  int cut_top = 0, cut_left = 0;  ///< of the zeroed square; may stand out of the image
  int cut_side = 0;
};

Augmentation draw_augmentation(const spec::TrainingRecipe& recipe, int height, int width,
                               std::uint64_t seed, int epoch, std::int32_t image);

/// Writes one image to dst [height, width, channels] as normalised float; outside of the image and
/// in the cut square the value is 0, the mean.
void write_image(const Dataset& data, std::int32_t image, const Augmentation& how, float* dst);

/// Writes whole images, `threads` at a time; epoch 0 = without augmentation.
void write_batch(const Dataset& data, std::span<const std::int32_t> images,
                 const spec::TrainingRecipe& recipe, std::uint64_t seed, int epoch, int threads,
                 float* dst);

/// Returns the training images that a phase uses: all, or `count` of them, the same for every
/// trial, every class among them where there are as many.
std::vector<std::int32_t> training_subset(const Dataset& data, std::optional<int> count);

/// Returns the images that a run is judged on: the validation split, or `count` of it, the same for
/// every trial. A count beyond the split takes training images that `trained_on` leaves out; fewer
/// than asked for where there are no more.
std::vector<std::int32_t> validation_subset(const Dataset& data,
                                            std::span<const std::int32_t> trained_on,
                                            std::optional<int> count);

/// Returns `count` images of a split at equal distances, or all where there are fewer.
std::vector<std::int32_t> spread_images(std::span<const std::int32_t> split, std::size_t count);

/// Returns the subset in the order of an epoch.
std::vector<std::int32_t> epoch_order(std::vector<std::int32_t> subset, std::uint64_t seed,
                                      int epoch);

}  // namespace atto::train
