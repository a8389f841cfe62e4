#include "export/runtime/plan/shares.hpp"

#include <atomic>
#include <barrier>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

namespace atto::edge {
namespace {

struct Taken {
  int index;
  bool is_own, is_last;
  bool operator==(const Taken&) const = default;
};

std::vector<Taken> take_all(const Shares& shares, int part, std::uint32_t round) {
  std::vector<Taken> all;
  while (const auto item = shares.take(part, round))
    all.push_back({item->index, item->is_own, item->is_last});
  return all;
}

}  // namespace

TEST_CASE("a part takes its own items from the front, then the others' from the back") {
  const Shares shares({{0, 2}, {2, 5}, {7, 9}});
  for (const std::uint32_t round : {0U, 1U, 2U, 3U, 4U, 5U}) {
    CHECK(shares.take(1, round)->index == 2);
    CHECK(take_all(shares, 0, round) == std::vector<Taken>{{0, true, false},
                                                           {1, true, true},
                                                           {4, false, true},
                                                           {3, false, true},
                                                           {8, false, true},
                                                           {7, false, true}});
    CHECK(!shares.take(1, round));
    CHECK(!shares.take(2, round));
  }
}

TEST_CASE("a part without items takes those of others") {
  const Shares shares({{0, 0}, {3, 4}});
  CHECK(take_all(shares, 0, 1) == std::vector<Taken>{{3, false, true}});
  CHECK(!shares.take(1, 1));
  CHECK(take_all(shares, 1, 2) == std::vector<Taken>{{3, true, true}});
}

TEST_CASE("threads take every item once, round after round") {
  constexpr int kParts = 4, kItems = 50, kRounds = 300;
  const Shares shares({{0, 5}, {5, 30}, {30, 30}, {30, kItems}});
  std::vector<std::atomic<int>> counts(kItems);
  std::barrier together(kParts);
  std::vector<std::thread> threads;
  for (int part = 0; part < kParts; ++part)
    threads.emplace_back([&, part] {
      for (std::uint32_t round = 1; round <= kRounds; ++round) {
        together.arrive_and_wait();
        while (const auto item = shares.take(part, round))
          counts[static_cast<std::size_t>(item->index)].fetch_add(1, std::memory_order_relaxed);
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::atomic<int>& count : counts) CHECK(count.load() == kRounds);
}

}  // namespace atto::edge
