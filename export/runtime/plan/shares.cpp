#include "export/runtime/plan/shares.hpp"

#include <utility>

namespace atto::edge {
namespace {

// Rounds follow each other, so two bits tell this one from the last.
constexpr int kRoundBits = 2, kPlaceBits = 31;
constexpr std::uint64_t kRounds = (1U << kRoundBits) - 1,
                        kPlaces = (std::uint64_t{1} << kPlaceBits) - 1;

std::uint64_t word_of(Range left, std::uint64_t round) {
  return (static_cast<std::uint64_t>(left.begin) << kPlaceBits |
          static_cast<std::uint64_t>(left.end))
             << kRoundBits |
         round;
}
Range left_in(std::uint64_t word) {
  return {static_cast<int>(word >> kRoundBits >> kPlaceBits),
          static_cast<int>(word >> kRoundBits & kPlaces)};
}

}  // namespace

Shares::Shares(std::vector<Range> of_part)
    : of_part_(std::move(of_part)), left_(std::make_unique<Left[]>(of_part_.size())) {
  for (std::size_t i = 0; i < of_part_.size(); ++i)
    left_[i].word.store(word_of(of_part_[i], 0), std::memory_order_relaxed);
}

std::optional<Shares::Item> Shares::take(int part, std::uint32_t round) const {
  const std::size_t parts = of_part_.size(), mine = static_cast<std::size_t>(part);
  const std::uint64_t now = round & kRounds;
  for (std::size_t i = 0; i < parts; ++i) {
    const std::size_t of = (mine + i) % parts;
    std::atomic<std::uint64_t>& at = left_[of].word;
    std::uint64_t word = at.load(std::memory_order_relaxed);
    for (;;) {
      Range left = (word & kRounds) == now ? left_in(word) : of_part_[of];
      if (left.begin >= left.end) break;
      const bool is_own = i == 0;
      const int index = is_own ? left.begin++ : --left.end;
      if (at.compare_exchange_weak(word, word_of(left, now), std::memory_order_relaxed))
        return Item{index, is_own, !is_own || left.begin == left.end};
    }
  }
  return {};
}

}  // namespace atto::edge
