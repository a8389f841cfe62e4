// Large pictures at their own scale: cuts to learn from, tiles to be judged on.
#include "trainer/data/instances/tiles.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "design_specs/errors.hpp"
#include "tests/trainer/detectors.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/data/instances/anchor_reach.hpp"
#include "trainer/data/instances/instance_dataset.hpp"
#include "trainer/data/instances/views.hpp"

using namespace atto;
using namespace atto::train;

namespace {

constexpr net::Shape kShown = {3, 64, 64};
const std::string kSet = "synthetic_instances:size=150,train=5,validation=4,test=3";
const std::string kTiles = kSet + ",tiles=64";

std::vector<std::uint8_t> bits_of(const det::Annotation& object) {
  return det::decode_mask(object.mask.value());
}

/// Returns the smallest box that holds the set pixels of a mask [side, side].
det::FileBox counted_box(const std::vector<std::uint8_t>& bits, int side) {
  int left = side, right = 0, top = side, bottom = 0;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      if (bits[std::size_t(y * side + x)]) {
        left = std::min(left, x);
        right = std::max(right, x + 1);
        top = std::min(top, y);
        bottom = std::max(bottom, y + 1);
      }
  return {double(left), double(top), double(right - left), double(bottom - top)};
}

std::string refusal_of(const std::string& name) {
  try {
    open_instance_set(name);
    return "accepted";
  } catch (const SpecError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("pictures that are judged are tiles which cover the whole, with the same pixels") {
  const auto whole = open_instance_set(kSet), tiles = open_instance_set(kTiles);
  CHECK(tiles->info().name == kTiles);
  CHECK(tiles->info().tile == 64);
  CHECK(tiles->pictures(Split::Train) == 5);
  CHECK(tiles->pictures(Split::Validation) == 4 * 9);
  CHECK(tiles->pictures(Split::Test) == 3 * 9);
  CHECK(tiles->picture(Split::Train, 2).pixels == whole->picture(Split::Train, 2).pixels);
  CHECK(tiles->picture(Split::Train, 2).tile == 64);
  const InstancePicture picture = whole->picture(Split::Test, 1);
  const int begins[] = {0, 43, 86};
  for (int i = 0; i < 9; ++i) {
    const InstancePicture tile = tiles->picture(Split::Test, std::size_t(9 + i));
    REQUIRE(tile.height == 64);
    REQUIRE(tile.width == 64);
    const int top = begins[i / 3], left = begins[i % 3];
    bool same = true;
    for (int y = 0; y < 64; ++y)
      for (int x = 0; x < 64; ++x)
        for (int c = 0; c < 3; ++c)
          same &= tile.pixels[std::size_t((y * 64 + x) * 3 + c)] ==
                  picture.pixels[std::size_t(((y + top) * 150 + x + left) * 3 + c)];
    CHECK(same);
  }
}

TEST_CASE("objects of a tile are what is seen of those of its picture") {
  const auto whole = open_instance_set(kSet), tiles = open_instance_set(kTiles);
  const det::Annotations truth = tiles->annotations(Split::Test);
  const det::Annotations all = whole->annotations(Split::Test);
  REQUIRE(truth.pictures.size() == 27);
  std::set<std::int64_t> ids;
  for (const det::Picture& picture : truth.pictures) ids.insert(picture.id);
  CHECK(ids.size() == 27);
  const int begins[] = {0, 43, 86};
  std::size_t cut = 0, next = 0;
  for (int i = 0; i < 27; ++i) {
    const int top = begins[i % 9 / 3], left = begins[i % 3];
    std::size_t learnable = 0;
    for (const det::Annotation& object : all.objects) {
      if (object.picture != i / 9) continue;
      const auto bits = bits_of(object);
      std::vector<std::uint8_t> part;
      for (int y = 0; y < 64; ++y)
        for (int x = 0; x < 64; ++x) part.push_back(bits[std::size_t((y + top) * 150 + x + left)]);
      const auto pixels = std::count(part.begin(), part.end(), 1);
      if (pixels == 0) continue;
      REQUIRE(next < truth.objects.size());
      const det::Annotation& got = truth.objects[next++];
      CHECK(got.picture == i);
      CHECK(got.category == object.category);
      CHECK(bits_of(got) == part);
      CHECK(got.area == double(pixels));
      const det::FileBox box = counted_box(part, 64);
      CHECK(got.box.corners() == box.corners());
      cut += got.area < object.area;
      learnable += is_learnable(got, 64, 64);
    }
    CHECK(tiles->picture(Split::Test, std::size_t(i)).objects.size() == learnable);
  }
  CHECK(next == truth.objects.size());
  CHECK(cut > 10);
}

TEST_CASE("a picture that is no larger than a tile is one; a side that is no size is refused") {
  const auto set = open_instance_set("synthetic_instances:size=48,train=2,validation=2,tiles=64");
  CHECK(set->pictures(Split::Validation) == 2);
  const InstancePicture tile = set->picture(Split::Validation, 0);
  CHECK(tile.height == 48);
  // Shown at its own scale.
  CHECK(whole_view(tile, kShown) == View{48, 48, 0, 0, false});
  for (const char* side : {"15", "8193", "64.5", "-64", "1e3"}) {
    INFO(side);
    CHECK(refusal_of("synthetic_instances:tiles=" + std::string(side)) ==
          "data set synthetic_instances: tiles: must be a whole number from 16 to 8192; got " +
              std::string(side));
  }
}

TEST_CASE("training sees cuts of whole pictures, at their scale and anywhere in them") {
  const auto set = open_instance_set(kTiles);
  const InstancePicture picture = set->picture(Split::Train, 0);
  CHECK(whole_view(picture, kShown) == View{150, 150, 43, 43, false});
  CHECK(whole_view(picture, {3, 128, 128}) == View{300, 300, 86, 86, false});
  std::set<int> tops, lefts, heights;
  for (int epoch = 1; epoch < 300; ++epoch) {
    const View view = draw_view(picture, kShown, {0.8, 1.25, true}, 7, epoch, 0);
    CHECK(view == draw_view(picture, kShown, {0.8, 1.25, true}, 7, epoch, 0));
    CHECK(view.top + 64 <= view.height);
    CHECK(view.left + 64 <= view.width);
    heights.insert(view.height);
    tops.insert(view.top);
    lefts.insert(view.left);
  }
  CHECK(*heights.begin() >= 120);
  CHECK(*heights.begin() < 125);
  CHECK(*heights.rbegin() <= 188);
  CHECK(*heights.rbegin() > 180);
  CHECK(tops.size() > 60);
  CHECK(lefts.size() > 60);
}

TEST_CASE("the box of an object that is cut is that of what is seen of it") {
  // A triangle whose lower left corner is square: of its right half only the lower part is there.
  InstancePicture picture{64, 64, 3, std::vector<std::uint8_t>(64 * 64 * 3), {}};
  std::vector<std::uint8_t> bits(64 * 64);
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x <= y; ++x) bits[std::size_t((y + 10) * 64 + x + 10)] = 1;
  det::Annotation object;
  object.box = {10, 10, 40, 40};
  object.mask = det::encode_mask(bits, 64, 64);
  picture.objects = {object};
  const auto box_at = [&](const View& view) {
    const Scene scene = scene_of(picture, view, {3, 32, 32});
    return scene.objects.empty() ? det::Box{} : scene.objects[0].box;
  };
  // Columns 30 to 61: the triangle's rows from 20 on, at twice the size and mirrored too.
  CHECK(box_at({64, 64, 20, 30, false}) == det::Box{0, 10, 20, 30});
  CHECK(box_at({64, 64, 20, 30, true}) == det::Box{12, 10, 32, 30});
  CHECK(box_at({128, 128, 68, 60, false}) == det::Box{0, 0, 32, 32});
  // Nothing of it is in its box's upper right corner.
  CHECK(box_at({64, 64, 0, 32, false}) == det::Box{});
  picture.objects[0].mask.reset();
  CHECK(box_at({64, 64, 20, 30, false}) == det::Box{0, 0, 20, 30});
}

TEST_CASE(
    "tiles make another data set, which is found again; anchors are of the scale that is seen") {
  const auto whole = open_instance_set(kSet);
  std::shared_ptr<const InstanceSet> tiles = open_instance_set(kTiles);
  CHECK(tiles->info().digest != whole->info().digest);
  CHECK(tiles->info().digest != open_instance_set(kSet + ",tiles=63")->info().digest);
  const Dataset data = instance_dataset(tiles, kShown);
  CHECK(data.info.name == kTiles);
  CHECK(data.test.size() == 27);
  CHECK(find_instance_set(identity_of(data.info))->info().digest == tiles->info().digest);
  CHECK(data.normalisation.stddev[0] > 0);
  // Wherever it lies in its picture, an object is seen somewhere, twice as large as in all of it.
  const auto reach = [](const char* set, double scale) {
    net::DetectorParts parts = test::tiny_detector(3);
    parts.settings.anchors = {{{8 * scale}, {16 * scale}, {32 * scale}}, {0.5, 1, 2}};
    return reach_of(parts, *open_instance_set(set)).covered;
  };
  CHECK(reach("synthetic_instances:size=128,train=40,tiles=64", 2) >
        reach("synthetic_instances:size=128,train=40", 1));
}
