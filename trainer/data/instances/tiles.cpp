#include "trainer/data/instances/tiles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"

namespace atto::train {
namespace {

constexpr std::string_view kKey = "tiles=";
constexpr int kLeastSide = 16, kMostSide = 8192;

int read_side(const InstanceInfo& info, const TiledName& name) {
  int side = 0;
  const char* const last = name.side.data() + name.side.size();
  const auto read = std::from_chars(name.side.data(), last, side);
  if (read.ec != std::errc{} || read.ptr != last || side < kLeastSide || side > kMostSide)
    throw SpecError(
        {{"data set " + info.name, "tiles",
          fmt::format("must be a whole number from {} to {}", kLeastSide, kMostSide), name.side}});
  return side;
}

/// Returns where tiles begin along a side.
std::vector<int> begins(int pixels, int side) {
  if (pixels <= side) return {0};
  const int count = (pixels + side - 1) / side;
  std::vector<int> all;
  for (int i = 0; i < count; ++i) all.push_back((pixels - side) * i / (count - 1));
  return all;
}

std::vector<det::PixelBox> tiles_of(int height, int width, int side) {
  std::vector<det::PixelBox> tiles;
  for (const int y : begins(height, side))
    for (const int x : begins(width, side))
      tiles.push_back({x, y, std::min(side, width), std::min(side, height)});
  return tiles;
}

/// Returns what is seen of an object in a tile, in the tile's pixels.
std::optional<det::Annotation> part_of(const det::Annotation& object, const det::PixelBox& tile) {
  const std::optional<det::FileBox> box = box_within(object, tile);
  if (!box) return {};
  const bool is_cut = box->area() < object.box.area();
  det::Annotation part = object;
  part.box = {box->x - tile.x, box->y - tile.y, box->width, box->height};
  if (object.mask) part.mask = det::cut(*object.mask, tile);
  if (is_cut) part.area = part.mask ? static_cast<double>(det::area(*part.mask)) : box->area();
  return part;
}

class TiledSet : public InstanceSet {
 public:
  TiledSet(std::unique_ptr<InstanceSet> whole, const TiledName& name) : whole_(std::move(whole)) {
    info_ = whole_->info();
    side_ = read_side(info_, name);
    info_.name += info_.name.find(':') == std::string::npos ? ":" : ",";
    info_.name += fmt::format("{}{}", kKey, side_);
    info_.tile = side_;
    info_.digest = fmt::format("{:016x}", spec::derive_seed({spec::hash_bytes(info_.digest),
                                                             static_cast<std::uint64_t>(side_)}));
    for (const Split split : {Split::Validation, Split::Test}) {
      const std::vector<det::Picture> pictures = whole_->annotations(split).pictures;
      for (std::size_t i = 0; i < pictures.size(); ++i)
        for (const det::PixelBox& tile : tiles_of(pictures[i].height, pictures[i].width, side_))
          tiles_[static_cast<std::size_t>(split)].push_back({i, tile});
    }
  }

  std::size_t pictures(Split split) const override {
    return split == Split::Train ? whole_->pictures(split) : tiles(split).size();
  }

  InstancePicture picture(Split split, std::size_t index) const override {
    if (split == Split::Train) {
      InstancePicture picture = whole_->picture(split, index);
      picture.tile = side_;
      return picture;
    }
    const Tile& tile = tiles(split).at(index);
    return cut(whole_->picture(split, tile.picture), tile.where);
  }

  det::Annotations annotations(Split split) const override {
    det::Annotations whole = whole_->annotations(split);
    if (split == Split::Train) return whole;
    std::vector<std::vector<const det::Annotation*>> objects(whole.pictures.size());
    for (const det::Annotation& object : whole.objects)
      objects[static_cast<std::size_t>(object.picture)].push_back(&object);
    det::Annotations all;
    all.categories = whole.categories;
    for (const auto& [picture, where] : tiles(split)) {
      const auto number = static_cast<int>(all.pictures.size());
      const std::string& file = whole.pictures[picture].file;
      all.pictures.push_back({number + 1, where.height, where.width,
                              file.empty() ? "" : fmt::format("{}@{},{}", file, where.x, where.y)});
      for (const det::Annotation* object : objects[picture])
        if (std::optional<det::Annotation> part = part_of(*object, where)) {
          part->picture = number;
          all.objects.push_back(std::move(*part));
        }
    }
    return all;
  }

  std::vector<std::string> missing() const override { return whole_->missing(); }

 private:
  struct Tile {
    std::size_t picture = 0;
    det::PixelBox where;
  };
  const std::vector<Tile>& tiles(Split split) const {
    return tiles_[static_cast<std::size_t>(split)];
  }

  InstancePicture cut(const InstancePicture& from, const det::PixelBox& where) const {
    InstancePicture picture{where.height, where.width, from.channels, {}, {}, side_};
    const auto bytes = static_cast<std::ptrdiff_t>(from.channels);
    for (int y = where.y; y < where.y + where.height; ++y) {
      const auto row = from.pixels.begin() + (std::ptrdiff_t{y} * from.width + where.x) * bytes;
      picture.pixels.insert(picture.pixels.end(), row, row + where.width * bytes);
    }
    for (const det::Annotation& object : from.objects)
      if (std::optional<det::Annotation> part = part_of(object, where))
        if (is_learnable(*part, where.height, where.width))
          picture.objects.push_back(std::move(*part));
    return picture;
  }

  const std::unique_ptr<InstanceSet> whole_;
  int side_ = 0;
  std::array<std::vector<Tile>, 3> tiles_;  ///< none to train on
};

}  // namespace

TiledName read_tiled_name(const std::string& name) {
  const std::size_t at = name.find_last_of(":,");
  if (at == std::string::npos || name.compare(at + 1, kKey.size(), kKey) != 0)
    return {name, "", ""};
  return {name.substr(0, at), name.substr(at), name.substr(at + 1 + kKey.size())};
}

std::unique_ptr<InstanceSet> tiled(std::unique_ptr<InstanceSet> whole, const TiledName& name) {
  return std::make_unique<TiledSet>(std::move(whole), name);
}

std::optional<det::FileBox> box_within(const det::Annotation& object, const det::PixelBox& piece) {
  const det::FileBox& box = object.box;
  const double left = std::max(box.x, double(piece.x)), top = std::max(box.y, double(piece.y));
  const double right = std::min(box.x + box.width, double(piece.x + piece.width));
  const double bottom = std::min(box.y + box.height, double(piece.y + piece.height));
  const bool is_inside =
      left == box.x && top == box.y && right == box.x + box.width && bottom == box.y + box.height;
  if (is_inside) return box;
  if (!(left < right && top < bottom)) return {};
  if (!object.mask) return det::FileBox{left, top, right - left, bottom - top};
  const det::PixelBox seen = det::bounds(det::cut(*object.mask, piece));
  if (seen.width == 0) return {};
  return det::FileBox{double(piece.x + seen.x), double(piece.y + seen.y), double(seen.width),
                      double(seen.height)};
}

}  // namespace atto::train
