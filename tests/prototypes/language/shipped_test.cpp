// Every prototype in prototypes/ reads, and its designs are well-formed.

#include <catch2/catch.hpp>
#include <filesystem>

#include "design_specs/seeds/random.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/shapes.hpp"
#include "tests/prototypes/language/sampling.hpp"

using namespace atto;

TEST_CASE("Every assignment of a shipped prototype is well-formed networks") {
  for (const net::Prototype& prototype : test::shipped()) {
    CAPTURE(prototype.name());
    spec::Random random(11);
    for (int i = 0; i < 60; ++i) {
      const net::Assignment assignment = test::random_assignment(prototype, random);
      const net::Realised realised = net::realise(prototype, assignment);
      REQUIRE(realised.broken.empty());
      for (const net::Network* network : test::networks_of(realised))
        REQUIRE(net::malformed(*network).empty());
    }
  }
}
