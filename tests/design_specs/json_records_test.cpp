#include "design_specs/reading/json_records.hpp"

#include <catch2/catch.hpp>

using namespace atto::spec;

namespace {

struct Taken {
  std::vector<std::string> lines;
  Document document;
};

Taken take_all(std::string_view text, const RecordLimits& limits = {}) {
  Taken taken;
  taken.document = parse_records(
      text, "r.json",
      [&](std::string_view list, const Cursor& record) {
        taken.lines.push_back(std::string(list) + " " + record.path + " " + record->shown() + " " +
                              std::to_string(record->location.line));
      },
      limits);
  return taken;
}

std::string fault(std::string_view text, const RecordLimits& limits = {}) {
  try {
    take_all(text, limits);
    return "accepted";
  } catch (const atto::SpecError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("records are handed on one by one, with list, path and place") {
  const Taken taken =
      take_all("{\"a\":[1,\n{\"x\":[2,3]}],\"b\":{\"c\":[4]},\n\"d/e\":[[5],\"t\"],\"f\":7}");
  CHECK(taken.lines == std::vector<std::string>{"a /a/0 1 1", "a /a/1 {\"x\": [2, 3]} 2",
                                                "d/e /d~1e/0 [5] 3", "d/e /d~1e/1 \"t\" 3"});
  CHECK(taken.document.root.shown() == "{\"a\": [], \"b\": {\"c\": [4]}, \"d/e\": [], \"f\": 7}");
}

TEST_CASE("an array is a list of records itself") {
  CHECK(take_all("[[1,[2]],{},null]").lines ==
        std::vector<std::string>{" /0 [1, [2]] 1", " /1 {} 1", " /2 null 1"});
  CHECK(take_all("[]").lines.empty());
  CHECK(take_all("3").document.root.integer == 3);
}

TEST_CASE("a file may be larger than a document, and a record may not be without bounds") {
  std::string text = "[";
  while (text.size() < 2 * kMaxFileBytes) text += "{\"some\":\"record of a few bytes\"},";
  text += "1]";
  CHECK(take_all(text).lines.size() > 60'000);
  CHECK(fault("[[1,2,3],[1,2,3,4,5,6]]", {1000, 1000, 6}) ==
        "r.json:1:21: a record must have at most 6 values");
  CHECK(fault("[1,[2,                3]]", {1000, 10, 100}) ==
        "r.json:1:23: a record must have at most 10 bytes");
  CHECK(fault("{\"a\":{\"b\":[1,2,3,4,5]}}", {1000, 1000, 5}) ==
        "r.json:1:16: a record must have at most 5 values");
  CHECK(fault("[1,2,3]", {5, 5, 5}) == "r.json: a file must be at most 5 bytes; got 7 bytes");
}

TEST_CASE("what is no JSON is refused as everywhere") {
  for (const char* text :
       {"[1,2", "{\"a\":[1,]}", "\xEF\xBB\xBF[]", "[\"\xff\"]", "", "[1] 2", "[NaN]"}) {
    INFO(text);
    try {
      parse_json(text, "r.json");
      FAIL("accepted");
    } catch (const atto::SpecError& error) {
      CHECK(fault(text) == error.what());
    }
  }
}
