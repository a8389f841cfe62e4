#pragma once
// What is in the pictures of a data set, and what a detector says is in them, as COCO's files have
// both. Pictures and categories are indices here; files name them by ids.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "prototypes/detection/boxes.hpp"
#include "prototypes/detection/masks/rle.hpp"

namespace atto::det {

/// Pixels, in the precision of files: AP compares overlaps to the last bit.
struct FileBox {
  double x = 0, y = 0, width = 0, height = 0;

  double area() const { return width * height; }
  Box corners() const {
    return {static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + width),
            static_cast<float>(y + height)};
  }
};

struct Picture {
  std::int64_t id = 0;
  int height = 0, width = 0;
  std::string file;  ///< empty where the file of annotations does not say
};

struct Category {
  std::int64_t id = 0;
  std::string name;
};

struct Annotation {
  int picture = 0, category = 0;
  FileBox box;
  std::optional<Rle> mask;  ///< of the picture's size
  double area = 0;          ///< as the file says; else the mask's, else the box's
  bool is_crowd = false;    ///< many objects in one: finding them is neither right nor wrong
};

struct Annotations {
  std::vector<Picture> pictures;     ///< by rising id
  std::vector<Category> categories;  ///< by rising id
  std::vector<Annotation> objects;   ///< in the order of the file

  /// Whether every object has one, and there is one.
  bool has_masks() const;
};

struct Detection {
  int picture = 0, category = 0;
  double score = 0;  ///< finite
  FileBox box;
  std::optional<Rle> mask;  ///< of the picture's size
  /// The box's, as pycocotools has it where a result has a box, or the mask's where it has none.
  double area = 0;
};

}  // namespace atto::det
