// Many distinct designs in parallel. Draw i depends on (seed, i) alone and draws are taken in the
// order of i, so that neither threads nor the number asked for change which designs come first.
#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <unordered_set>

#include "design_specs/parallel.hpp"
#include "generator/space/feasible_space.hpp"

namespace atto::gen {
namespace {

constexpr std::size_t kFirstRound = 16, kLargestRound = 8192, kChunk = 32;
// Drawing ends when this many draws in a row, and four times as many as designs are known, gave
// nothing new; a draw that found nothing at all costs as much as this many that did.
constexpr std::size_t kStaleDraws = 4000, kFailedDrawWeight = 64;

struct Draw {
  std::optional<Candidate> found;
  bool is_kept = true;
};
using Draws = std::vector<Draw>;

void draw_round(const FeasibleSpace& space, std::uint64_t seed, std::size_t first,
                const Keeps& keeps, Draws& draws,
                tbb::enumerable_thread_specific<Workspace>& workspaces) {
  spec::parallel_for(draws.size(), kChunk, [&](std::size_t i) {
    spec::Random random(spec::derive_seed({seed, first + i}));
    draws[i].found = space.sample(random, workspaces.local());
    draws[i].is_kept = !keeps || !draws[i].found || keeps(*draws[i].found);
  });
}

/// Collects designs in the order of their draws, each once.
class Collection {
 public:
  Collection(std::vector<Candidate>& found, std::size_t wanted) : found_(found), wanted_(wanted) {}

  bool is_complete() const { return found_.size() >= wanted_; }
  bool is_stale() const { return stale_ >= std::max(kStaleDraws, 4 * found_.size()); }
  void take(Draw&& draw) {
    if (is_complete() || is_stale()) return;
    if (draw.found && draw.is_kept && known_.insert(draw.found->hash).second) {
      found_.push_back(std::move(*draw.found));
      stale_ = 0;
    } else {
      stale_ += draw.found ? 1 : kFailedDrawWeight;
    }
  }

 private:
  std::vector<Candidate>& found_;
  std::size_t wanted_;
  std::unordered_set<std::uint64_t> known_;
  std::size_t stale_ = 0;
};

}  // namespace

std::vector<Candidate> generate(const FeasibleSpace& space, std::size_t count, std::uint64_t seed,
                                int threads, const Keeps& keeps) {
  std::vector<Candidate> found;
  Collection collection(found, count);
  tbb::task_arena arena(threads > 0 ? threads : tbb::task_arena::automatic);
  tbb::enumerable_thread_specific<Workspace> workspaces;
  std::size_t drawn = 0, round = kFirstRound;
  while (!collection.is_complete() && !collection.is_stale()) {
    const std::size_t missing = count - found.size();
    Draws draws(std::min(round, missing + missing / 16 + kFirstRound));
    arena.execute([&] { draw_round(space, seed, drawn, keeps, draws, workspaces); });
    for (Draw& draw : draws) collection.take(std::move(draw));
    drawn += draws.size();
    round = std::min(kLargestRound, round * 4);
  }
  return found;
}

}  // namespace atto::gen
