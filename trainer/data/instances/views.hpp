#pragma once
// What a network sees of a picture: scaled, cut, maybe mirrored, and where the picture's objects
// then are. Every choice depends on (seed, epoch, picture) alone.

#include <cstdint>
#include <vector>

#include "prototypes/detection/masks/rle.hpp"
#include "prototypes/network/network.hpp"
#include "trainer/data/dataset.hpp"
#include "trainer/data/instances/instance_set.hpp"

namespace atto::train {

/// The picture becomes one of height x width pixels; the network's input begins at its row `top`
/// and column `left`, which may lie outside, and is then mirrored.
struct View {
  int height = 0, width = 0;
  int top = 0, left = 0;
  bool flip = false;

  bool operator==(const View&) const = default;
};

/// How views are drawn for training.
struct ViewRecipe {
  double least_scale = 1, most_scale = 1;  ///< of the whole view; drawn between, log-uniform
  bool flip = false;                       ///< left and right exchanged, probability 1/2
};

/// Sees all of a picture as large as it fits into the input, in the upper left corner; of one that
/// is larger than its tile, the middle.
View whole_view(const InstancePicture& picture, const net::Shape& input);
/// A cut of the scaled picture, or the picture somewhere in the input where it is smaller.
View draw_view(const InstancePicture& picture, const net::Shape& input, const ViewRecipe& recipe,
               std::uint64_t seed, int epoch, std::int32_t number);

/// Writes dst [height, width, channels] as normalised float; 0, the mean, outside of the picture.
void write_view(const InstancePicture& picture, const View& view, const net::Shape& input,
                const Normalisation& normalisation, float* dst);

struct SeenObject {
  det::Box box;  ///< in the network's input, inside of it
  int category = 0;
  bool is_crowd = false;
  det::Rle mask;  ///< of the picture, not of the view; no runs where the object has none
};

/// A picture as a network sees it.
struct Scene {
  View view;
  int height = 0, width = 0;  ///< of the picture
  int input_width = 0;
  std::vector<SeenObject> objects;
  std::size_t degenerate = 0;  ///< objects that were left out: a side under a pixel is seen

  det::Box seen(const det::Box& in_picture) const;
  det::Box in_picture(const det::Box& seen) const;
};

/// Objects that lie outside of the view are left out, and no degenerate ones. The box of one that
/// is cut is that of what is seen of it (box_within).
Scene scene_of(const InstancePicture& picture, const View& view, const net::Shape& input);

/// Returns the part of an object's mask in a box of the network's input, [side, side] of 0 and 1.
std::vector<float> seen_mask(const Scene& scene, const SeenObject& object, const det::Box& box,
                             int side);

}  // namespace atto::train
