#include "trainer/data/instances/views.hpp"

#include <algorithm>
#include <cmath>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"
#include "export/image/picture.hpp"
#include "prototypes/detection/masks/crops.hpp"
#include "trainer/data/instances/tiles.hpp"

namespace atto::train {
namespace {

/// Returns the scale at which all of a picture just fits, or its tile does.
double fitting_scale(const InstancePicture& picture, const net::Shape& input) {
  if (picture.tile > 0) return double(std::min(input.height, input.width)) / picture.tile;
  return std::min(double(input.height) / picture.height, double(input.width) / picture.width);
}

int scaled(int side, double scale) {
  return std::max(1, static_cast<int>(std::lround(side * scale)));
}

/// Returns the pixels of a picture that are seen, in part or whole.
det::PixelBox seen_pixels(const Scene& scene, const net::Shape& input) {
  const det::Box seen = det::clipped(
      scene.in_picture({0, 0, static_cast<float>(input.width), static_cast<float>(input.height)}),
      static_cast<float>(scene.height), static_cast<float>(scene.width));
  const int x = static_cast<int>(std::floor(seen.x1)), y = static_cast<int>(std::floor(seen.y1));
  return {x, y, static_cast<int>(std::ceil(seen.x2)) - x, static_cast<int>(std::ceil(seen.y2)) - y};
}

/// Draws where the input begins along a side.
int begin(int side, int seen, spec::Random& random) {
  const int room = std::abs(side - seen);
  const int at = static_cast<int>(random.below(static_cast<std::uint64_t>(room) + 1));
  return side >= seen ? at : -at;
}

}  // namespace

View whole_view(const InstancePicture& picture, const net::Shape& input) {
  const double scale = fitting_scale(picture, input);
  View view{scaled(picture.height, scale), scaled(picture.width, scale), 0, 0, false};
  if (picture.tile == 0) {
    view.height = std::min(view.height, input.height);
    view.width = std::min(view.width, input.width);
  }
  view.top = std::max(0, view.height - input.height) / 2;
  view.left = std::max(0, view.width - input.width) / 2;
  return view;
}

View draw_view(const InstancePicture& picture, const net::Shape& input, const ViewRecipe& recipe,
               std::uint64_t seed, int epoch, std::int32_t number) {
  spec::Random random(spec::derive_seed(
      {seed, 0x71E3, static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(number)}));
  const double scale = fitting_scale(picture, input) * recipe.least_scale *
                       std::pow(recipe.most_scale / recipe.least_scale, random.uniform());
  View view;
  view.flip = recipe.flip && (random.next() >> 63) != 0;
  view.height = scaled(picture.height, scale);
  view.width = scaled(picture.width, scale);
  view.top = begin(view.height, input.height, random);
  view.left = begin(view.width, input.width, random);
  return view;
}

void write_view(const InstancePicture& picture, const View& view, const net::Shape& input,
                const Normalisation& normalisation, float* dst) {
  const auto channels = static_cast<std::size_t>(input.channels);
  const image::Picture from{picture.pixels.data(), picture.height, picture.width,
                            picture.channels == 1 ? image::Format::Grey : image::Format::Rgb};
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(view.height) *
                                   static_cast<std::size_t>(view.width) * channels);
  image::make_pixels(from, {input.channels, view.height, view.width}, pixels.data());
  for (int y = 0; y < input.height; ++y)
    for (int x = 0; x < input.width; ++x, dst += channels) {
      const int row = y + view.top, column = (view.flip ? input.width - 1 - x : x) + view.left;
      const bool is_inside = row >= 0 && row < view.height && column >= 0 && column < view.width;
      const std::uint8_t* const pixel =
          pixels.data() +
          (static_cast<std::size_t>(is_inside ? row : 0) * static_cast<std::size_t>(view.width) +
           static_cast<std::size_t>(is_inside ? column : 0)) *
              channels;
      for (std::size_t c = 0; c < channels; ++c)
        dst[c] = is_inside ? (static_cast<float>(pixel[c]) / 255 - normalisation.mean[c]) /
                                 normalisation.stddev[c]
                           : 0.0F;
    }
}

det::Box Scene::seen(const det::Box& in_picture) const {
  const float down = static_cast<float>(view.height) / static_cast<float>(height);
  const float right = static_cast<float>(view.width) / static_cast<float>(width);
  const auto top = static_cast<float>(view.top), left = static_cast<float>(view.left);
  det::Box box{in_picture.x1 * right - left, in_picture.y1 * down - top,
               in_picture.x2 * right - left, in_picture.y2 * down - top};
  const auto far = static_cast<float>(input_width);
  if (view.flip) box = {far - box.x2, box.y1, far - box.x1, box.y2};
  return box;
}

det::Box Scene::in_picture(const det::Box& seen) const {
  const auto far = static_cast<float>(input_width);
  const det::Box box = view.flip ? det::Box{far - seen.x2, seen.y1, far - seen.x1, seen.y2} : seen;
  const float down = static_cast<float>(height) / static_cast<float>(view.height);
  const float right = static_cast<float>(width) / static_cast<float>(view.width);
  const auto top = static_cast<float>(view.top), left = static_cast<float>(view.left);
  return {(box.x1 + left) * right, (box.y1 + top) * down, (box.x2 + left) * right,
          (box.y2 + top) * down};
}

Scene scene_of(const InstancePicture& picture, const View& view, const net::Shape& input) {
  Scene scene{view, picture.height, picture.width, input.width, {}, 0};
  const det::PixelBox pixels = seen_pixels(scene, input);
  for (const det::Annotation& object : picture.objects) {
    const std::optional<det::FileBox> part = box_within(object, pixels);
    if (!part) continue;  // outside
    const det::Box whole = scene.seen(part->corners());
    const det::Box box =
        det::clipped(whole, static_cast<float>(input.height), static_cast<float>(input.width));
    if (!(det::area(box) > 0) && det::area(whole) > 0) continue;  // in a pixel that is cut
    if (det::is_degenerate(box)) {
      ++scene.degenerate;
      continue;
    }
    scene.objects.push_back(
        {box, object.category, object.is_crowd, object.mask.value_or(det::Rle{})});
  }
  return scene;
}

std::vector<float> seen_mask(const Scene& scene, const SeenObject& object, const det::Box& box,
                             int side) {
  std::vector<float> mask = det::mask_target(object.mask, scene.in_picture(box), side);
  for (int y = 0; scene.view.flip && y < side; ++y)
    std::reverse(mask.begin() + y * side, mask.begin() + (y + 1) * side);
  for (float& share : mask) share = share >= 0.5F ? 1.0F : 0.0F;
  return mask;
}

}  // namespace atto::train
