// Programs that are run for what they say.
#include "design_specs/outside_program.hpp"

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "design_specs/files.hpp"

using atto::spec::run_program;

TEST_CASE("A program's exit code and words come back, and a missing one is told") {
  const std::filesystem::path said = std::filesystem::temp_directory_path() /
                                     ("atto_outside_program_" + std::to_string(::getpid()));
  CHECK(run_program({"sh", "-c", "echo out; echo err >&2; exit 3"}, said) == 3);
  CHECK(atto::spec::read_file(said) == "out\nerr\n");
  CHECK(run_program({"sh", "-c", "cat"}, said) == 0);  // there is no input to wait for
  CHECK(atto::spec::read_file(said).empty());
  CHECK(run_program({"sh", "-c", "kill -KILL $$"}, said) == 128 + SIGKILL);
  CHECK(run_program({"no_such_program_of_anybody"}, said) == atto::spec::kNoProgram);
  std::filesystem::remove(said);
}
