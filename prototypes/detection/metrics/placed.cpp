#include "prototypes/detection/metrics/placed.hpp"

#include <cmath>

#include "prototypes/detection/masks/crops.hpp"

namespace atto::det {

std::vector<Detection> placed(const Found& found, const PictureSeen& picture) {
  std::vector<Detection> all;
  const std::size_t pixels = found.objects.empty() ? 0 : found.masks.size() / found.objects.size();
  const int side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(pixels))));
  for (std::size_t i = 0; i < found.objects.size(); ++i) {
    const FoundObject& object = found.objects[i];
    const Box whole = picture.in_picture(object.box);
    const Box box =
        clipped(whole, static_cast<float>(picture.height), static_cast<float>(picture.width));
    Detection said{picture.number,
                   object.category,
                   double{object.score},
                   {box.x1, box.y1, box.width(), box.height()},
                   {},
                   0};
    said.area = said.box.area();
    if (pixels > 0)
      said.mask =
          pasted(found.masks.data() + i * pixels, side, whole, picture.height, picture.width);
    all.push_back(std::move(said));
  }
  return all;
}

}  // namespace atto::det
