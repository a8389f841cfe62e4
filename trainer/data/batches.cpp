#include "trainer/data/batches.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "design_specs/seeds/random.hpp"

namespace atto::train {
namespace {

constexpr std::uint64_t kSubsetSeed = 0x5b5e7, kValidationSeed = 0x5a11d;

/// value * scale + shift = (value / 255 - mean) / stddev.
struct Scaling {
  std::array<float, 4> scale{}, shift{};
};

Scaling scaling_of(const Normalisation& normalisation) {
  Scaling scaling;
  for (std::size_t c = 0; c < 4; ++c) {
    scaling.scale[c] = 1.0F / (255.0F * normalisation.stddev[c]);
    scaling.shift[c] = -normalisation.mean[c] / normalisation.stddev[c];
  }
  return scaling;
}

/// Converts `count` pixels; `step` is +1, or -1 to run backwards through src.
template <int kChannels>
void convert(const std::uint8_t* src, int step, int count, const Scaling& scaling, float* dst) {
  for (int x = 0; x < count; ++x, src += step * kChannels)
    for (int c = 0; c < kChannels; ++c)
      dst[x * kChannels + c] =
          static_cast<float>(src[c]) * scaling.scale[static_cast<std::size_t>(c)] +
          scaling.shift[static_cast<std::size_t>(c)];
}

using Converter = void (*)(const std::uint8_t*, int, int, const Scaling&, float*);
constexpr std::array<Converter, 5> kConverters = {nullptr, convert<1>, convert<2>, convert<3>,
                                                  convert<4>};

void cut_square(const Augmentation& how, int height, int width, int channels, float* dst) {
  const int top = std::max(0, how.cut_top), bottom = std::min(height, how.cut_top + how.cut_side);
  const int left = std::max(0, how.cut_left), right = std::min(width, how.cut_left + how.cut_side);
  for (int y = top; y < bottom && left < right; ++y)
    std::fill_n(dst + (std::ptrdiff_t{y} * width + left) * channels, (right - left) * channels,
                0.0F);
}

}  // namespace

Augmentation draw_augmentation(const spec::TrainingRecipe& recipe, int height, int width,
                               std::uint64_t seed, int epoch, std::int32_t image) {
  spec::Random random(spec::derive_seed(
      {seed, 0xA06, static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(image)}));
  Augmentation how;
  if (recipe.crop_padding > 0) {
    const auto places = static_cast<std::uint64_t>(2 * recipe.crop_padding + 1);
    how.top = static_cast<int>(random.below(places)) - recipe.crop_padding;
    how.left = static_cast<int>(random.below(places)) - recipe.crop_padding;
  }
  how.flip = recipe.flip && (random.next() >> 63) != 0;
  if (recipe.cutout > 0) {
    how.cut_side = recipe.cutout;
    how.cut_top =
        static_cast<int>(random.below(static_cast<std::uint64_t>(height))) - recipe.cutout / 2;
    how.cut_left =
        static_cast<int>(random.below(static_cast<std::uint64_t>(width))) - recipe.cutout / 2;
  }
  return how;
}

void write_image(const Dataset& data, std::int32_t image, const Augmentation& how, float* dst) {
  const int height = data.info.height, width = data.info.width, channels = data.info.channels;
  const Scaling scaling = scaling_of(data.normalisation);
  const std::uint8_t* const src = data.image(image);
  const std::ptrdiff_t pitch = std::ptrdiff_t{width} * channels;
  // Columns [first, last) of the result lie inside the image.
  const int first = std::clamp(-how.left, 0, width),
            last = std::clamp(width - how.left, first, width);
  for (int y = 0; y < height; ++y, dst += pitch) {
    const int from_y = y + how.top;
    if (from_y < 0 || from_y >= height) {
      std::fill_n(dst, pitch, 0.0F);
      continue;
    }
    std::fill_n(dst, first * channels, 0.0F);
    std::fill_n(dst + last * channels, (width - last) * channels, 0.0F);
    const int from_x = how.flip ? width - 1 - (first + how.left) : first + how.left;
    if (first < last)
      kConverters[static_cast<std::size_t>(channels)](
          src + from_y * pitch + std::ptrdiff_t{from_x} * channels, how.flip ? -1 : 1, last - first,
          scaling, dst + first * channels);
  }
  cut_square(how, height, width, channels, dst - height * pitch);
}

void write_batch(const Dataset& data, std::span<const std::int32_t> images,
                 const spec::TrainingRecipe& recipe, std::uint64_t seed, int epoch, int threads,
                 float* dst) {
  const auto count = static_cast<std::ptrdiff_t>(images.size());
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const std::int32_t image = images[static_cast<std::size_t>(i)];
    const Augmentation how = epoch == 0 ? Augmentation{}
                                        : draw_augmentation(recipe, data.info.height,
                                                            data.info.width, seed, epoch, image);
    write_image(data, image, how, dst + i * data.image_bytes());
  }
}

namespace {

/// Exchanges images so that the first `count` hold every class, where they can. Changes nothing
/// where they do already.
void cover_classes(const Dataset& data, std::span<std::int32_t> images, std::size_t count) {
  if (data.images.labels.empty()) return;  // pictures with objects of several classes
  std::vector<int> held(static_cast<std::size_t>(data.info.classes));
  const auto held_of = [&](std::size_t at) -> int& {
    return held[static_cast<std::size_t>(data.images.labels[static_cast<std::size_t>(images[at])])];
  };
  for (std::size_t i = 0; i < count; ++i) ++held_of(i);
  std::size_t spare = count;
  for (std::size_t i = count; i < images.size(); ++i) {
    if (held_of(i) > 0) continue;
    while (spare > 0 && held_of(spare - 1) < 2) --spare;
    if (spare == 0) return;
    --held_of(--spare);
    ++held_of(i);
    std::swap(images[spare], images[i]);
  }
}

}  // namespace

std::vector<std::int32_t> training_subset(const Dataset& data, std::optional<int> count) {
  std::vector<std::int32_t> subset = data.train;
  if (!count || static_cast<std::size_t>(*count) >= subset.size()) return subset;
  spec::Random(kSubsetSeed).shuffle(std::span<std::int32_t>(subset));
  const auto kept = static_cast<std::size_t>(std::max(1, *count));
  cover_classes(data, subset, kept);
  subset.resize(kept);
  std::sort(subset.begin(), subset.end());
  return subset;
}

std::vector<std::int32_t> validation_subset(const Dataset& data,
                                            std::span<const std::int32_t> trained_on,
                                            std::optional<int> count) {
  std::vector<std::int32_t> subset = data.validation;
  if (!count || static_cast<std::size_t>(*count) == subset.size()) return subset;
  const auto wanted = static_cast<std::size_t>(std::max(1, *count));
  std::vector<std::int32_t> more;
  if (wanted > subset.size())
    std::set_difference(data.train.begin(), data.train.end(), trained_on.begin(), trained_on.end(),
                        std::back_inserter(more));
  std::vector<std::int32_t>& drawn = wanted > subset.size() ? more : subset;
  spec::Random(kValidationSeed).shuffle(std::span<std::int32_t>(drawn));
  const std::size_t kept = wanted > subset.size() ? wanted - subset.size() : wanted;
  if (&drawn == &subset) cover_classes(data, drawn, kept);
  drawn.resize(std::min(drawn.size(), kept));
  subset.insert(subset.end(), more.begin(), more.end());
  std::sort(subset.begin(), subset.end());
  return subset;
}

std::vector<std::int32_t> spread_images(std::span<const std::int32_t> split, std::size_t count) {
  count = std::min(count, split.size());
  std::vector<std::int32_t> images;
  for (std::size_t i = 0; i < count; ++i) images.push_back(split[i * split.size() / count]);
  return images;
}

std::vector<std::int32_t> epoch_order(std::vector<std::int32_t> subset, std::uint64_t seed,
                                      int epoch) {
  spec::Random random(spec::derive_seed({seed, 0x04DE4, static_cast<std::uint64_t>(epoch)}));
  random.shuffle(std::span<std::int32_t>(subset));
  return subset;
}

}  // namespace atto::train
