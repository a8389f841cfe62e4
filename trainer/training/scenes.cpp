#include "trainer/training/scenes.hpp"

#include <exception>

#include "design_specs/seeds/random.hpp"
#include "trainer/backend/cpu/in_parallel.hpp"
#include "trainer/data/instances/instance_dataset.hpp"

namespace atto::train {

StepImages Scenes::step() const {
  Batch batch{pixels.data(), static_cast<int>(scenes.size()), 0};
  // An image comes once an epoch: the first one tells a step from all others.
  if (!seeds.empty()) batch.seed = spec::derive_seed({seeds.front(), 0xd20b});
  return {batch, scenes, seeds};
}

Scenes read_scenes(const Dataset& data, std::span<const std::int32_t> images,
                   const spec::TrainingRecipe& recipe, std::uint64_t seed, int epoch, int threads) {
  const net::Shape input = data.info.input();
  const ViewRecipe views{1 / (1 + recipe.scale_jitter), 1 + recipe.scale_jitter, recipe.flip};
  Scenes all;
  all.pixels.resize(images.size() * static_cast<std::size_t>(input.elements()));
  all.scenes.resize(images.size());
  std::vector<std::exception_ptr> faults(images.size());
  cpu::in_parallel(
      threads, static_cast<std::ptrdiff_t>(images.size()),
      [&](int, std::ptrdiff_t first, std::ptrdiff_t last) {
        for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i)
          try {
            const auto [split, index] = place_of(data, images[i]);
            const InstancePicture picture = data.instances->picture(split, index);
            const View view = epoch == 0 ? whole_view(picture, input)
                                         : draw_view(picture, input, views, seed, epoch, images[i]);
            write_view(picture, view, input, data.normalisation,
                       all.pixels.data() + i * static_cast<std::size_t>(input.elements()));
            all.scenes[i] = scene_of(picture, view, input);
          } catch (...) {
            faults[i] = std::current_exception();
          }
      });
  for (const std::exception_ptr& fault : faults)
    if (fault) std::rethrow_exception(fault);
  for (const std::int32_t image : images)
    all.seeds.push_back(spec::derive_seed(
        {seed, 0x5C3E, static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(image)}));
  return all;
}

}  // namespace atto::train
