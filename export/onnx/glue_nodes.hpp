#pragma once
// What stands between a detector's networks, as nodes of ONNX's own operators; in the order of
// operations of prototypes/detection, so that floats round alike.

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "export/onnx/graph_builder.hpp"
#include "prototypes/detection/coding.hpp"
#include "prototypes/detection/proposals.hpp"

namespace atto::deploy::onnx {

/// The score of what is none, and what all others are above.
inline constexpr float kNever = std::numeric_limits<float>::lowest(), kSome = -3e38F;

/// Boxes [n, 4] and their scores [n], kNever where there is none.
struct Candidates {
  std::string boxes, scores;
};

/// Candidates in groups that leave each other alone: boxes [groups, n, 4], scores [groups, n].
struct Groups {
  Candidates grouped;
  Candidates order;                            ///< all, as equal ones follow each other
  std::int64_t group_step = 1, item_step = 1;  ///< from one to the next in the order
};

/// Rows by falling score, as many as there are, but one at least.
struct Selected {
  std::string places;   ///< [k], in the order
  std::string boxes;    ///< [k, 4]; 0 where there is none
  std::string scores;   ///< [k]; kNever where there is none
  std::string is_said;  ///< [k]; not the row that stands where there is none
  std::string count;    ///< [1]; 0 where there is none
};

class GlueNodes {
 public:
  using Wholes = std::vector<std::int64_t>;

  GlueNodes(GraphBuilder& graph, const det::PictureSize& picture)
      : graph_(graph), picture_(picture) {}

  /// Each adds nodes and returns the name of the last one's output.
  std::string add(const char* op, const std::string& name, std::vector<std::string> inputs,
                  std::map<std::string, Attribute> attributes = {});
  std::string whole(const std::string& name, std::int64_t value);
  std::string reshape(const std::string& name, const std::string& from, const Wholes& shape);
  std::string slice(const std::string& name, const std::string& from, std::int64_t axis,
                    std::int64_t begin, std::int64_t end);
  std::string gather(const std::string& name, const std::string& from, const std::string& places);
  /// Of one part, that part.
  std::string concat(const std::string& name, std::vector<std::string> parts, std::int64_t axis);
  std::string transpose(const std::string& name, const std::string& from, Wholes order);

  /// Sides [..., 2] of boxes [..., 4].
  std::string sides_of(const std::string& name, const std::string& boxes);
  /// Boxes [..., 4] that lie so beside others, as det::decode() has them, inside of the picture.
  std::string decode(const std::string& name, const std::string& deltas, const std::string& boxes,
                     const det::DeltaWeights& by);
  /// Scores [...] of boxes [..., 4], or kNever where a box is none or the condition does not hold.
  std::string valid_scores(const std::string& name, const Candidates& candidates,
                           const std::string& condition);
  /// Suppresses in each group, and takes the `most` best of what is left.
  Selected select(const std::string& name, const Groups& groups, std::int64_t most,
                  float threshold);

 private:
  GraphBuilder& graph_;
  const det::PictureSize picture_;
  std::string sides_;  ///< of the picture
};

}  // namespace atto::deploy::onnx
