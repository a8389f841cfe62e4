#pragma once
// Boxes that a detector's networks speak of, and which of many stay. Pixels; pixel (0, 0) covers
// [0, 1) x [0, 1). Nothing here allocates once a Selection is made.

#include <cstddef>
#include <span>
#include <vector>

namespace atto::edge {

struct Box {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;
};

/// A cell's anchor is moved by (x, y) of its sides and stretched by e^(width, height).
struct Delta {
  float x, y, width, height;
};

/// Returns the anchor as the delta says, cut at the picture; deltas are divided by the weights.
Box decoded(const Delta& delta, const Box& anchor, float middle_weight, float size_weight,
            float picture_height, float picture_width);

struct Candidate {
  Box box;
  float score = 0;
  int group = 0;  ///< only those of one group suppress each other
};

/// Candidates, of which the best are kept.
class Selection {
 public:
  explicit Selection(std::size_t most);

  void clear() { candidates_.clear(); }
  /// Leaves out boxes of no numbers or with a side under a thousandth, and scores of no number.
  void add(const Candidate& candidate);
  /// Keeps, by falling score and then by when they came, at most `most` that overlap no kept one of
  /// their group by more than `overlap`.
  std::span<const Candidate* const> kept(float overlap, std::size_t most);

 private:
  std::vector<Candidate> candidates_;
  std::vector<const Candidate*> order_, kept_;
};

/// The indices of the k largest scores, by falling score; of equal ones the lower comes first.
/// Scores of no finite number are left out. `indices` has room for all and keeps the result.
std::span<const int> largest(std::span<const float> scores, std::size_t k,
                             std::vector<int>& indices);

}  // namespace atto::edge
