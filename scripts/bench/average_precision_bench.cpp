// How long COCO's average precision takes: 5,000 made-up pictures of 640 x 480 pixels and 80
// classes, 7 objects and 100 detections each, boxes and masks. One thread.
//   average_precision_bench [PICTURES]
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "design_specs/seeds/random.hpp"
#include "prototypes/detection/masks/polygons.hpp"
#include "prototypes/detection/metrics/average_precision.hpp"

namespace {

using namespace atto;

constexpr int kHeight = 480, kWidth = 640, kClasses = 80, kObjects = 7, kFound = 100;

/// An oval of 24 corners in the box.
det::Rle oval(const det::FileBox& box) {
  det::Polygon corners;
  for (int i = 0; i < 24; ++i) {
    const double angle = 2 * M_PI * i / 24;
    corners.push_back(box.x + box.width * (0.5 + 0.5 * std::cos(angle)));
    corners.push_back(box.y + box.height * (0.5 + 0.5 * std::sin(angle)));
  }
  return det::rasterised(corners, kHeight, kWidth);
}

det::FileBox random_box(spec::Random& random) {
  const double width = 8 + 250 * random.uniform(), height = 8 + 250 * random.uniform();
  return {(kWidth - width) * random.uniform(), (kHeight - height) * random.uniform(), width,
          height};
}

double seconds_of(const det::Annotations& truth, const std::vector<det::Detection>& found,
                  det::Overlap overlap, double& ap) {
  const auto start = std::chrono::steady_clock::now();
  ap = det::coco_scores(truth, found, overlap).numbers[0];
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  const int pictures = argc > 1 ? std::atoi(argv[1]) : 5000;
  spec::Random random(1);
  det::Annotations truth;
  std::vector<det::Detection> found;
  for (int i = 0; i < kClasses; ++i) truth.categories.push_back({i + 1, ""});
  for (int picture = 0; picture < pictures; ++picture) {
    truth.pictures.push_back({picture + 1, kHeight, kWidth, ""});
    for (int i = 0; i < kObjects; ++i) {
      const det::FileBox box = random_box(random);
      const int category = static_cast<int>(random.below(kClasses));
      det::Rle mask = oval(box);
      const auto area = static_cast<double>(det::area(mask));
      truth.objects.push_back(
          {picture, category, box, std::move(mask), area, random.below(50) == 0});
    }
    for (int i = 0; i < kFound; ++i) {
      const det::Annotation& near =
          truth.objects[truth.objects.size() - 1 - random.below(kObjects)];
      det::FileBox box = random.below(2) == 0 ? near.box : random_box(random);
      box.x += 6 * random.normal();
      found.push_back({picture, near.category, random.uniform(), box, oval(box), box.area()});
    }
  }
  for (const auto& [name, overlap] :
       {std::pair("boxes", det::Overlap::Boxes), {"masks", det::Overlap::Masks}}) {
    double ap = 0;
    const double seconds = seconds_of(truth, found, overlap, ap);
    std::printf("%s: %d pictures, %zu detections, %.2f s, AP %.6f\n", name, pictures, found.size(),
                seconds, ap);
  }
  return 0;
}
