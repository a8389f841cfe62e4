#pragma once
// Items of work that the parts of a step share.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "export/runtime/plan/view.hpp"

namespace atto::edge {

/// Each part takes its own items from the front; one that has none left takes the others' from the
/// back, so that a part whose core is slower, or busy, is left with less.
class Shares {
 public:
  explicit Shares(std::vector<Range> of_part);

  struct Item {
    int index;
    bool is_own;
    bool is_last;  ///< of what the part knows to be left for it
  };
  /// Returns an item that nobody has in this round, or none when all are taken. The first call of a
  /// round gives all of them back: all parts must be done with the round before. Any threads may
  /// call at the same time.
  std::optional<Item> take(int part, std::uint32_t round) const;

 private:
  struct alignas(64) Left {
    std::atomic<std::uint64_t> word{0};  ///< begin, end, and two bits of the round
  };

  std::vector<Range> of_part_;
  std::unique_ptr<Left[]> left_;
};

}  // namespace atto::edge
