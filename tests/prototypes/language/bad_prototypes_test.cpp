// Every malformed prototype in tests/data/bad/prototype against its full expected text.

#include <catch2/catch.hpp>

#include "prototypes/language/prototype.hpp"
#include "tests/golden.hpp"

using namespace atto;

TEST_CASE("Every malformed prototype is refused with exactly the expected text") {
  test::check_golden_folder("bad/prototype", 60,
                            [](std::string_view text, const std::string& name) -> std::string {
                              try {
                                (void)net::Prototype(spec::parse_json(text, name));
                              } catch (const SpecError& error) {
                                return error.what();
                              }
                              return "accepted";
                            });
}
