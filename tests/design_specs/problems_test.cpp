#include "design_specs/reading/problems.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace atto;
using spec::Cursor;
using spec::Problems;

namespace {

/// Reads one count out of a JSON text; nothing when it is refused.
std::optional<std::int64_t> count_of(const std::string& json) {
  const auto document = spec::parse_json(json, "c");
  Problems problems("c");
  const auto count = problems.count({&document.root, ""});
  CHECK(count.has_value() == problems.empty());
  return count;
}

}  // namespace

TEST_CASE("Counts are read exactly, with and without a unit") {
  CHECK(count_of("326000") == 326000);
  CHECK(count_of("1.87e6") == 1870000);
  CHECK(count_of("\"326k\"") == 326000);
  CHECK(count_of("\"1.87M\"") == 1870000);
  CHECK(count_of("\"277.5M\"") == 277500000);
  CHECK(count_of("\"4.0892G\"") == 4089200000);
  CHECK(count_of("\"0.326M\"") == 326000);
  CHECK(count_of("\"12\"") == 12);
  CHECK(count_of("\"12.000\"") == 12);
  CHECK(count_of("\"1.2340000k\"") == 1234);
  CHECK(count_of("0") == 0);
}

TEST_CASE("Texts that only resemble counts are refused") {
  for (const char* text :
       {"\"\"",    "\"M\"",   "\".5M\"",    "\"1.M\"", "\"1.5\"",         "\"1.2345k\"",
        "\"1 M\"", "\"-1M\"", "\"+1\"",     "\"1e6\"", "\"1,000\"",       "\"1_000\"",
        "\"1m\"",  "\"1K\"",  "\"1.87 M\"", "\"1MB\"", "\"9999999999G\"", "-1",
        "1.5",     "true",    "null",       "[1]"}) {
    INFO(text);
    CHECK_FALSE(count_of(text).has_value());
  }
}

TEST_CASE("Problems come out sorted by place, whatever order they were found in") {
  const auto document = spec::parse_json("{\n \"b\": -3,\n \"a\": 1,\n \"b\": 2\n}", "f.json");
  const Cursor root{&document.root, ""};
  Problems problems("f.json");
  CHECK_NOTHROW(problems.throw_if_any());
  problems.add(root.at(root->members[1]), "second");
  constexpr std::array<std::string_view, 2> kKeys = {"b", "c"};
  CHECK(problems.expect_object(root, kKeys));
  problems.number(root.at(root->members[0]), spec::kAboveZero, 9);
  CHECK(problems.required(root, "d") == std::nullopt);
  CHECK(problems.size() == 5);
  CHECK_THROWS_WITH(problems.throw_if_any(),
                    "f.json:1:1: missing key \"d\"\n"
                    "f.json:2:7: /b: must be > 0; got -3\n"
                    "f.json:3:2: /a: unknown key; known here: b, c\n"
                    "f.json:3:7: /a: second; got 1\n"
                    "f.json:4:2: /b: duplicate key; first at 2:2");
}

TEST_CASE("Paths are JSON pointers") {
  const auto document = spec::parse_json(R"({"a/b~": [10, {"": 5}]})", "p");
  const Cursor root{&document.root, ""};
  const Cursor list = root.at(root->members[0]);
  CHECK(list.path == "/a~1b~0");
  CHECK(list.at(0).path == "/a~1b~0/0");
  CHECK(list.at(1).at(list.at(1)->members[0]).path == "/a~1b~0/1/");
}

TEST_CASE("Numbers are checked against both ends of their range") {
  const auto document = spec::parse_json("[0, 5, 5.0, 5.5, 1e300, \"5\", -1e300]", "n");
  const Cursor root{&document.root, ""};
  Problems problems("n");
  CHECK(problems.integer(root.at(1), 1, 5) == 5);
  CHECK(problems.integer(root.at(2), 1, 5) == 5);
  CHECK(problems.number(root.at(3), 0, 5.5) == 5.5);
  CHECK(problems.empty());
  CHECK_FALSE(problems.integer(root.at(0), 1, 5));
  CHECK_FALSE(problems.integer(root.at(1), 1, 4));
  CHECK_FALSE(problems.integer(root.at(3), 1, 9));
  CHECK_FALSE(problems.integer(root.at(4), 1, 9));
  CHECK_FALSE(problems.integer(root.at(5), 1, 9));
  CHECK_FALSE(problems.integer(root.at(6), 1, 9));
  CHECK_FALSE(problems.number(root.at(0), spec::kAboveZero, 9));
  CHECK(problems.size() == 7);
}

TEST_CASE("A misspelt name is guessed only when one is near") {
  constexpr std::array<std::string_view, 4> kNames = {"search", "training", "task", "k"};
  CHECK(spec::nearest_name("serach", kNames) == "search");
  CHECK(spec::nearest_name("Search", kNames) == "search");
  CHECK(spec::nearest_name("trainings", kNames) == "training");
  CHECK(spec::nearest_name("tsak", kNames) == "task");
  CHECK(spec::nearest_name("colour", kNames).empty());
  CHECK(spec::nearest_name("j", kNames).empty());  // one letter is near to all that are short
  CHECK(spec::nearest_name("", kNames).empty());
  CHECK(spec::nearest_name("x", kNames).empty());
  CHECK(spec::nearest_name(std::string(100'000, 'x'), kNames).empty());
}
