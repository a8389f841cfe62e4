#include "design_specs/seeds/random.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "design_specs/errors.hpp"

using namespace atto::spec;

TEST_CASE("The stream is the same on every machine") {
  // These numbers are part of every stored campaign; a change of them changes all results.
  CHECK(mix64(0) == 0xe220a8397b1dcdafULL);
  CHECK(derive_seed({1, 2, 3}) == 0xf6970208bf71a3a3ULL);
  CHECK(hash_bytes("") == mix64(0xcbf29ce484222325ULL));
  CHECK(hash_bytes("a") == mix64(0xaf63dc4c8601ec8cULL));
  Random random(1);
  CHECK(random.next() == 0x3e61405bd4b450acULL);
  CHECK(random.next() == 0xbe5d94ae62b0e9d9ULL);
}

TEST_CASE("Streams depend on seed and position alone") {
  Random a(7), b(7), c(8);
  CHECK(a.next() == b.next());
  CHECK(a.next() != c.next());
  CHECK(derive_seed({1, 2}) != derive_seed({2, 1}));
  CHECK(derive_seed({1}) != derive_seed({1, 0}));
  Random fork_early = Random(7).fork(3), fork_late = a.fork(3);
  CHECK(fork_early.next() == fork_late.next());
}

TEST_CASE("Distributions have their shape") {
  Random random(42);
  constexpr int kDraws = 60'000;
  SECTION("uniform and normal") {
    double sum = 0, normal_sum = 0, normal_squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double u = random.uniform();
      REQUIRE((u >= 0 && u < 1));
      sum += u;
      const double n = random.normal();
      normal_sum += n;
      normal_squares += n * n;
    }
    CHECK(sum / kDraws == Approx(0.5).margin(0.01));
    CHECK(normal_sum / kDraws == Approx(0).margin(0.02));
    CHECK(normal_squares / kDraws == Approx(1).margin(0.03));
  }
  SECTION("below") {
    std::array<int, 6> seen{};
    for (int i = 0; i < kDraws; ++i) ++seen[random.below(6)];
    for (const int count : seen) CHECK(count == Approx(kDraws / 6.0).epsilon(0.05));
    CHECK(random.below(1) == 0);
    const std::uint64_t huge = (1ULL << 63) + 1;
    for (int i = 0; i < 100; ++i) CHECK(random.below(huge) < huge);
    CHECK_THROWS_AS(random.below(0), atto::InternalError);
  }
  SECTION("weighted") {
    const std::array<double, 4> weights = {0, 1, 3, 0};
    std::array<int, 4> seen{};
    for (int i = 0; i < kDraws; ++i) ++seen[random.weighted(weights)];
    CHECK(seen[0] == 0);
    CHECK(seen[3] == 0);
    CHECK(seen[2] == Approx(0.75 * kDraws).epsilon(0.02));
    CHECK_THROWS_AS(random.weighted({}), atto::InternalError);
    CHECK_THROWS_AS(random.weighted(std::array<double, 2>{0, 0}), atto::InternalError);
  }
  SECTION("shuffle") {
    std::vector<int> items(100);
    std::iota(items.begin(), items.end(), 0);
    const std::vector<int> before = items;
    random.shuffle(std::span<int>(items));
    CHECK(items != before);
    std::sort(items.begin(), items.end());
    CHECK(items == before);
  }
}
