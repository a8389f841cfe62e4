#include "export/lowering/arena.hpp"

#include <algorithm>
#include <numeric>

#include "design_specs/seeds/random.hpp"

namespace atto::deploy {
namespace {

using Order = std::vector<std::size_t>;

/// Pieces that find their places one after another.
class Arena {
 public:
  explicit Arena(std::vector<Piece>& pieces) : pieces_(pieces) {}

  /// Places the pieces in that order, each as low as those before it allow; returns the arena's
  /// size.
  std::uint64_t place(const Order& order) {
    std::uint64_t end = 0;
    placed_.clear();
    for (const std::size_t index : order) {
      Piece& piece = pieces_[index];
      piece.offset = lowest_place(piece);
      const auto behind = std::upper_bound(
          placed_.begin(), placed_.end(), piece.offset,
          [&](std::uint64_t offset, std::size_t other) { return offset < pieces_[other].offset; });
      placed_.insert(behind, index);
      end = std::max(end, piece.offset + piece.bytes);
    }
    return end;
  }

 private:
  std::uint64_t lowest_place(const Piece& piece) const {
    std::uint64_t offset = 0;
    for (const std::size_t index : placed_) {
      const Piece& other = pieces_[index];
      if (other.last < piece.first || piece.last < other.first) continue;
      if (other.offset >= offset + piece.bytes) break;
      offset = std::max(offset, other.offset + other.bytes);
    }
    return offset;
  }

  std::vector<Piece>& pieces_;
  Order placed_;  ///< by rising offset
};

constexpr int kTries = 300;

/// Tries a few good orders, then swaps in the best one until nothing is wasted.
Order best_order(Arena& arena, const std::vector<Piece>& pieces) {
  const std::uint64_t lower_bound = smallest_arena(pieces);
  Order best(pieces.size());
  std::iota(best.begin(), best.end(), std::size_t{0});
  std::uint64_t best_bytes = arena.place(best);
  const auto consider = [&](const Order& order) {
    const std::uint64_t bytes = arena.place(order);
    if (bytes > best_bytes) return;
    best_bytes = bytes;
    best = order;
  };
  Order order = best;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return pieces[a].bytes > pieces[b].bytes; });
  consider(order);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return pieces[a].last - pieces[a].first > pieces[b].last - pieces[b].first;
  });
  consider(order);
  spec::Random random(1);
  for (int i = 0; i < kTries && best_bytes > lower_bound && pieces.size() > 1; ++i) {
    order = best;
    for (std::uint64_t moves = 1 + random.below(3); moves > 0; --moves) {
      const std::size_t from = random.below(order.size()), to = random.below(order.size());
      const std::size_t piece = order[from];
      order.erase(order.begin() + static_cast<std::ptrdiff_t>(from));
      order.insert(order.begin() + static_cast<std::ptrdiff_t>(to), piece);
    }
    consider(order);
  }
  return best;
}

}  // namespace

std::uint64_t place_pieces(std::vector<Piece>& pieces) {
  Arena arena(pieces);
  return arena.place(best_order(arena, pieces));
}

std::uint64_t smallest_arena(std::span<const Piece> pieces) {
  std::size_t steps = 0;
  for (const Piece& piece : pieces) steps = std::max(steps, piece.last + 1);
  std::uint64_t largest = 0;
  for (std::size_t step = 0; step < steps; ++step) {
    std::uint64_t live = 0;
    for (const Piece& piece : pieces)
      if (piece.used && piece.first <= step && step <= piece.last) live += piece.bytes;
    largest = std::max(largest, live);
  }
  return largest;
}

}  // namespace atto::deploy
