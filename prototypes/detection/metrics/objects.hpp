#pragma once
// What annotations and results have in common as JSON: a box and a mask.

#include <optional>

#include "design_specs/reading/problems.hpp"
#include "prototypes/detection/metrics/annotations.hpp"

namespace atto::det {

/// Reads [x, y, width, height].
std::optional<FileBox> read_box(spec::Problems& problems, const spec::Cursor& at);

/// Reads a list of polygons, or {size, counts}; nothing for an empty list.
std::optional<Rle> read_mask(spec::Problems& problems, const spec::Cursor& at, int height,
                             int width);

/// Reads a record's keys `bbox` and `segmentation`, of which one must be there.
struct Outline {
  FileBox box;  ///< the mask's where the record has none
  bool has_box = false;
  std::optional<Rle> mask;
};
std::optional<Outline> read_outline(spec::Problems& problems, const spec::Cursor& record,
                                    const Picture& picture);

}  // namespace atto::det
