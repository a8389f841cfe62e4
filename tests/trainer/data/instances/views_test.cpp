// What a network sees of pictures with objects.
#include "trainer/data/instances/views.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "trainer/data/instances/instance_dataset.hpp"

using namespace atto;
using namespace atto::train;

namespace {

constexpr net::Shape kInput = {3, 64, 64};

/// A black picture with a white block, of which the object is.
InstancePicture block_picture(int height, int width, int x, int y, int block_width,
                              int block_height) {
  InstancePicture picture{height, width, 3, {}, {}};
  picture.pixels.resize(static_cast<std::size_t>(height * width * 3));
  std::vector<std::uint8_t> bits(static_cast<std::size_t>(height * width));
  for (int row = y; row < y + block_height; ++row)
    for (int column = x; column < x + block_width; ++column) {
      bits[static_cast<std::size_t>(row * width + column)] = 1;
      for (int c = 0; c < 3; ++c)
        picture.pixels[static_cast<std::size_t>((row * width + column) * 3 + c)] = 255;
    }
  det::Annotation object;
  object.box = {double(x), double(y), double(block_width), double(block_height)};
  object.mask = det::encode_mask(bits, height, width);
  picture.objects = {object};
  return picture;
}

/// Returns the smallest box that holds all bright pixels.
det::Box bright_box(const std::vector<float>& pixels) {
  det::Box box{64, 64, 0, 0};
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 64; ++x)
      if (pixels[static_cast<std::size_t>((y * 64 + x) * 3)] > 0.5F) {
        box.x1 = std::min(box.x1, float(x));
        box.y1 = std::min(box.y1, float(y));
        box.x2 = std::max(box.x2, float(x + 1));
        box.y2 = std::max(box.y2, float(y + 1));
      }
  return box;
}

}  // namespace

TEST_CASE("objects lie where their pixels are, in whole pictures and in every cut") {
  const Normalisation plain;
  for (const auto& [height, width] : {std::pair(64, 64), {128, 128}, {100, 50}, {40, 90}}) {
    const InstancePicture picture =
        block_picture(height, width, width / 3, height / 4, width / 3, height / 3);
    int inside = 0;
    for (int number = 0; number < 40; ++number) {
      const View view = number == 0 ? whole_view(picture, kInput)
                                    : draw_view(picture, kInput, {0.7, 1.6, true}, 5, 1, number);
      std::vector<float> pixels(64 * 64 * 3);
      write_view(picture, view, kInput, plain, pixels.data());
      const Scene scene = scene_of(picture, view, kInput);
      const det::Box bright = bright_box(pixels);
      if (scene.objects.empty()) {
        CHECK(det::area(bright) < 64);
        continue;
      }
      ++inside;
      const det::Box box = scene.objects[0].box;
      INFO(height << "x" << width << " number " << number);
      CHECK(std::abs(box.x1 - bright.x1) < 1.5F);
      CHECK(std::abs(box.y1 - bright.y1) < 1.5F);
      CHECK(std::abs(box.x2 - bright.x2) < 1.5F);
      CHECK(std::abs(box.y2 - bright.y2) < 1.5F);
      const det::Box back = scene.in_picture(scene.seen({10, 5, 30, 25}));
      CHECK(back.x1 == Approx(10).margin(1e-3));
      CHECK(back.y2 == Approx(25).margin(1e-3));
    }
    CHECK(inside > 20);
  }
}

TEST_CASE("the mask of a region is that part of the object which is seen there, mirrored too") {
  const InstancePicture picture = block_picture(64, 64, 16, 16, 24, 32);
  for (const bool flip : {false, true}) {
    const Scene scene = scene_of(picture, {64, 64, 0, 0, flip}, kInput);
    REQUIRE(scene.objects.size() == 1);
    // Twice as wide as the object, which is its left half, or its right half in the mirror.
    const det::Box object = scene.objects[0].box;
    CHECK(object == (flip ? det::Box{24, 16, 48, 48} : det::Box{16, 16, 40, 48}));
    const det::Box region = flip ? det::Box{0, 16, 48, 48} : det::Box{16, 16, 64, 48};
    const std::vector<float> mask = seen_mask(scene, scene.objects[0], region, 4);
    for (int i = 0; i < 16; ++i)
      CHECK(mask[static_cast<std::size_t>(i)] == ((i % 4 < 2) != flip ? 1 : 0));
  }
}

TEST_CASE("objects that are cut to less than a pixel are left out and counted") {
  const InstancePicture picture = block_picture(64, 64, 10, 10, 20, 20);
  CHECK(scene_of(picture, {64, 64, 0, 29, false}, kInput).objects.size() == 1);
  // Half a pixel is left of what is seen at twice the size.
  InstancePicture thin = picture;
  thin.objects[0].box = {10, 10, 20, 0.4};
  const Scene scene = scene_of(thin, {64, 64, 0, 0, false}, kInput);
  CHECK(scene.objects.empty());
  CHECK(scene.degenerate == 1);
  // What lies outside is not degenerate.
  const Scene outside = scene_of(picture, {64, 64, 0, 40, false}, kInput);
  CHECK(outside.objects.empty());
  CHECK(outside.degenerate == 0);
}

TEST_CASE("a picture without objects is a scene, and views are functions of seed, epoch, number") {
  InstancePicture picture = block_picture(64, 64, 10, 10, 20, 20);
  picture.objects.clear();
  CHECK(scene_of(picture, whole_view(picture, kInput), kInput).objects.empty());
  const ViewRecipe recipe{0.8, 1.25, true};
  CHECK(draw_view(picture, kInput, recipe, 1, 2, 3) == draw_view(picture, kInput, recipe, 1, 2, 3));
  CHECK(!(draw_view(picture, kInput, recipe, 1, 2, 3) ==
          draw_view(picture, kInput, recipe, 1, 3, 3)));
}

TEST_CASE("images of a set of instances have numbers over its splits") {
  const Dataset data = instance_dataset(
      open_instance_set("synthetic_instances:size=64,train=6,validation=3,test=2"), kInput);
  CHECK(data.train.size() == 6);
  CHECK(data.validation.front() == 6);
  CHECK(data.test.back() == 10);
  CHECK(place_of(data, 9).split == Split::Test);
  CHECK(place_of(data, 9).index == 0);
  CHECK(data.class_names.size() == 3);
  CHECK(data.normalisation.stddev[0] > 0);
  const std::vector<std::int32_t> mixed = {7, 0, 10};
  const det::Annotations truth = annotations_of(data, mixed);
  REQUIRE(truth.pictures.size() == 3);
  const det::Annotations train = data.instances->annotations(Split::Train);
  std::size_t of_first = 0, got = 0;
  for (const auto& object : train.objects) of_first += object.picture == 0;
  for (const auto& object : truth.objects) got += object.picture == 1;
  CHECK(got == of_first);
}
