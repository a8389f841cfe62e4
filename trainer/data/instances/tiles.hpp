#pragma once
// Pictures that are larger than what a network is shown, at their own scale: cuts of them are
// learnt from, and tiles judged.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "trainer/data/instances/instance_set.hpp"

namespace atto::train {

/// A set's name in its two parts: "nuclei256:tiles=128", "fashion_scenes:size=256,tiles=128".
struct TiledName {
  std::string set;     ///< "nuclei256"
  std::string tiling;  ///< ":tiles=128"; empty where all of a picture is seen
  std::string side;    ///< "128", as it is written
};
TiledName read_tiled_name(const std::string& name);

/// Returns a set whose tiles of side x side pixels are what a network sees at a time. Pictures to
/// train on stay whole, and views are cuts of them (InstancePicture::tile). Those to validate and
/// test on are tiles: as few as cover a picture, at equal distances, so that they may overlap; of a
/// side that is shorter, the whole. Throws SpecError for a side that is no number from 16 to 8192.
std::unique_ptr<InstanceSet> tiled(std::unique_ptr<InstanceSet> whole, const TiledName& name);

/// Returns the box of what is seen of an object in a piece of its picture, in the picture's pixels:
/// as stated where it lies inside; where it is cut, that of the mask's pixels, or what is left of
/// the box where there is no mask. Nothing where nothing of it is there.
std::optional<det::FileBox> box_within(const det::Annotation& object, const det::PixelBox& piece);

}  // namespace atto::train
