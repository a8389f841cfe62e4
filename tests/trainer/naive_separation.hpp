#pragma once
// Class separation straight from its definition: the oracle of the probes.

#include <cmath>
#include <span>
#include <vector>

#include "trainer/training/probes.hpp"

namespace atto::test {

/// The numbers of the rows or columns, of `count`, whose middles lie in [from, to); else that in
/// which the middle of both lies.
inline std::vector<int> naive_cells(double from, double to, int count) {
  std::vector<int> cells;
  for (int i = 0; i < count; ++i)
    if ((i + 0.5) / count >= from && (i + 0.5) / count < to) cells.push_back(i);
  if (cells.empty()) {
    int cell = 0;
    while (cell + 1 < count && double(cell + 1) / count <= (from + to) / 2) ++cell;
    cells.push_back(cell);
  }
  return cells;
}

inline double naive_separation(const train::MapView& map,
                               std::span<const train::LabelledRegion> regions) {
  double between = 0, within = 0;
  for (int channel = 0; channel < map.channels; ++channel) {
    std::vector<double> means;
    for (const train::LabelledRegion& region : regions) {
      double sum = 0;
      int cells = 0;
      for (const int y : naive_cells(region.y1, region.y2, map.height))
        for (const int x : naive_cells(region.x1, region.x2, map.width)) {
          const int cell = (region.image * map.height + y) * map.width + x;
          sum += map.values[std::size_t(cell * map.channels + channel)];
          ++cells;
        }
      means.push_back(sum / cells);
    }
    double all = 0;
    for (const double mean : means) all += mean / double(means.size());
    for (std::size_t i = 0; i < means.size(); ++i) {
      double of_class = 0;
      int count = 0;
      for (std::size_t j = 0; j < means.size(); ++j)
        if (regions[j].label == regions[i].label) of_class += means[j], ++count;
      of_class /= count;
      between += std::pow(of_class - all, 2);
      within += std::pow(means[i] - of_class, 2);
    }
  }
  return within > 0 ? between / within : 0;
}

}  // namespace atto::test
