#pragma once
// Charts as inline SVG, coloured by the page's CSS classes. All text is escaped.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "design_specs/markup.hpp"

namespace atto::search {

using spec::escaped;
using spec::grouped;

struct ChartPoint {
  double x = 0, y = 0;
  std::string tip;         ///< shown when the mouse is over it
  bool is_marked = false;  ///< drawn filled and large
};

struct Series {
  std::string label;
  std::vector<ChartPoint> points;  ///< in drawing order
  int colour = 0;                  ///< class c0, c1, ... (of 8)
  bool is_line = true;             ///< else dots
  bool is_stepped = false;         ///< a line that keeps its height until the next point
};

struct Axes {
  std::string x_label, y_label;
  bool is_x_log = false;
  bool is_x_whole = false;  ///< ticks at whole numbers only
};

/// Draws series over common axes; "" without any point.
std::string chart_svg(const std::vector<Series>& series, const Axes& axes);

}  // namespace atto::search
