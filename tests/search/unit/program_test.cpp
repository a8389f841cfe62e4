// Programs that train, started with the threads' settings that must stand before they begin.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "search/running/crew.hpp"

using namespace atto::search;

namespace {

/// Whether the shell finds `condition` true in a program's environment.
bool holds(const std::string& condition) {
  return run_program("/bin/sh", {"-c", "test " + condition}) == 0;
}

}  // namespace

TEST_CASE("A program that trains waits at barriers asleep, unless a person says otherwise") {
  ::unsetenv("GOMP_SPINCOUNT");
  ::unsetenv("OMP_WAIT_POLICY");
  CHECK(holds("\"$GOMP_SPINCOUNT\" -le 10000"));
  ::setenv("OMP_WAIT_POLICY", "active", 1);
  CHECK(holds("-z \"$GOMP_SPINCOUNT\""));
  ::unsetenv("OMP_WAIT_POLICY");
  ::setenv("GOMP_SPINCOUNT", "77", 1);
  CHECK(holds("\"$GOMP_SPINCOUNT\" = 77"));
  ::unsetenv("GOMP_SPINCOUNT");
}

TEST_CASE("A program that trains begins with one thread, whatever the shell says") {
  ::setenv("OMP_NUM_THREADS", "7", 1);
  CHECK(holds("\"$OMP_NUM_THREADS\" = 1"));
  ::unsetenv("OMP_NUM_THREADS");
}
