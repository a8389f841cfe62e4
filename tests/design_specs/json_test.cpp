#include "design_specs/reading/json.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"

using namespace atto;
using spec::Kind;
using spec::parse_json;

namespace {

std::string place(const spec::Location& at) {
  return std::to_string(at.offset) + ":" + std::to_string(at.line) + ":" +
         std::to_string(at.column);
}

/// Returns random JSON text with odd spacing; every value is preceded by a mark that no value
/// contains, so that a plain search finds where values start.
class RandomJson {
 public:
  explicit RandomJson(std::uint64_t seed) : random_(seed) {}
  std::string text() {
    value(0);
    space();
    return text_;
  }
  std::vector<std::size_t> starts;

 private:
  void space() {
    for (auto n = random_.below(3); n > 0; --n) text_ += " \n\t\r"[random_.below(4)];
  }
  void string() {
    static constexpr const char* kParts[] = {"a", "\\n", "\\\"", "\\\\", "é", "\\u00e9", "{[,:]}"};
    text_ += '"';
    for (auto n = random_.below(4); n > 0; --n) text_ += kParts[random_.below(7)];
    text_ += '"';
  }
  void list(char open, char close, int depth) {
    text_ += open;
    for (auto n = random_.below(4), first = n; n > 0; --n) {
      if (n != first) space(), text_ += ',';
      if (open == '{') space(), string(), space(), text_ += ':';
      value(depth + 1);
    }
    space();
    text_ += close;
  }
  void value(int depth) {
    static constexpr const char* kScalars[] = {"null", "true", "-0.5e+3", "0", "12", "1E5", "-7"};
    space();
    starts.push_back(text_.size());
    switch (random_.below(depth < 5 ? 4 : 2)) {
      case 0:
        text_ += kScalars[random_.below(7)];
        break;
      case 1:
        string();
        break;
      case 2:
        list('[', ']', depth);
        break;
      default:
        list('{', '}', depth);
    }
  }
  spec::Random random_;
  std::string text_;
};

void collect(const spec::Value& value, std::vector<spec::Location>& places) {
  places.push_back(value.location);
  for (const auto& item : value.items) collect(item, places);
  for (const auto& member : value.members) collect(member.value, places);
}

}  // namespace

TEST_CASE("A JSON text becomes values that know where they stand") {
  const auto document =
      parse_json("{\n  \"a\": [1, -2.5],\n\t\"é\": {\"b\": \"x\\ny\"}\n}\n", "t.json");
  const spec::Value& root = document.root;
  REQUIRE(root.kind == Kind::Object);
  CHECK(document.name == "t.json");
  CHECK(place(root.location) == "0:1:1");
  REQUIRE(root.members.size() == 2);
  SECTION("keys") {
    CHECK(place(root.members[0].key_location) == "4:2:3");
    CHECK(root.members[1].key == "é");
    CHECK(place(root.members[1].key_location) == "21:3:2");
  }
  SECTION("values, with columns in bytes") {
    CHECK(place(root.members[0].value.items[0].location) == "10:2:9");
    CHECK(place(root.members[0].value.items[1].location) == "13:2:12");
    CHECK(place(root.members[1].value.location) == "27:3:8");
    CHECK(place(root.find("é")->find("b")->location) == "33:3:14");
    CHECK(root.find("é")->find("b")->string == "x\ny");
  }
  SECTION("looking for what is not there") {
    CHECK(root.find("b") == nullptr);
    CHECK(root.find("a")->find("a") == nullptr);
  }
}

TEST_CASE("Numbers keep whether they were written whole") {
  const auto root =
      parse_json("[3, -0, 3.0, 3e0, 9223372036854775807, 9223372036854775808]", "n").root;
  CHECK(root.items[0].kind == Kind::Integer);
  CHECK(root.items[0].integer == 3);
  CHECK(root.items[0].number == 3.0);
  CHECK(root.items[1].kind == Kind::Integer);
  CHECK(root.items[2].kind == Kind::Number);
  CHECK(root.items[3].kind == Kind::Number);
  CHECK(root.items[4].integer == std::numeric_limits<std::int64_t>::max());
  CHECK(root.items[5].kind == Kind::Number);
  CHECK(root.items[5].number == 9223372036854775808.0);
}

TEST_CASE("Duplicate keys are kept in file order and the first is found") {
  const auto root = parse_json(R"({"a": 1, "b": 2, "a": 3})", "d").root;
  REQUIRE(root.members.size() == 3);
  CHECK(root.members[2].value.integer == 3);
  CHECK(root.find("a")->integer == 1);
}

TEST_CASE("Every value of a random text is placed where it starts") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    RandomJson source(seed);
    const std::string text = source.text();
    INFO(text);
    std::vector<spec::Location> places;
    collect(parse_json(text, "r").root, places);
    REQUIRE(places.size() == source.starts.size());
    for (std::size_t i = 0; i < places.size(); ++i) {
      REQUIRE(places[i].offset == source.starts[i]);
      const std::string before = text.substr(0, places[i].offset);
      REQUIRE(places[i].line == 1 + std::count(before.begin(), before.end(), '\n'));
      REQUIRE(places[i].column == places[i].offset - (before.rfind('\n') + 1) + 1);
    }
  }
}

TEST_CASE("A random text with one byte changed is read or refused with one place") {
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    spec::Random random(seed);
    std::string text = RandomJson(seed % 50).text();
    text[random.below(text.size())] = static_cast<char>(random.below(256));
    INFO(text);
    try {
      parse_json(text, "m");
    } catch (const SpecError& error) {
      ++refused;
      REQUIRE(error.problems().size() == 1);
      REQUIRE_FALSE(error.problems()[0].rule.empty());
      // A complaint about the end belongs to the end; anything else points into the text.
      REQUIRE(error.problems()[0].location.starts_with("m"));
    }
  }
  CHECK(refused > 500);
}

TEST_CASE("Values are shown as compact JSON, cut between characters") {
  CHECK(parse_json(R"({"a":[1,2.5,null,true],"b":"x\"y"})", "s").root.shown() ==
        R"({"a": [1, 2.5, null, true], "b": "x\"y"})");
  const std::string cut = parse_json("\"a" + std::string(70, 'x') + "\"", "s").root.shown();
  CHECK(cut.size() == 63);
  CHECK(cut.ends_with("x..."));
  std::string accents;
  for (int i = 0; i < 40; ++i) accents += "é";
  const std::string shown = parse_json("\"" + accents + "\"", "s").root.shown();
  CHECK(shown == "\"" + accents.substr(0, 58) + "...");
  CHECK(parse_json(R"("\u001b[31m\n")", "s").root.shown() == R"("\u001b[31m\n")");
}

TEST_CASE("Nesting is allowed up to the limit and the deepest value is destroyed safely") {
  const std::string deep =
      std::string(spec::kMaxNesting, '[') + std::string(spec::kMaxNesting, ']');
  CHECK_NOTHROW(parse_json(deep, "deep"));
  CHECK_THROWS_AS(parse_json("[" + deep + "]", "deep"), SpecError);
}

TEST_CASE("Files are read by their name and a missing one is the environment's fault") {
  CHECK_THROWS_AS(spec::read_json("/nonexistent/x.json"), EnvironmentError);
  CHECK_THROWS_WITH(spec::read_json("/nonexistent/x.json"),
                    "cannot open: No such file or directory: /nonexistent/x.json");
}

TEST_CASE("What follows a byte of zero is not passed over") {
  using namespace std::string_literals;
  for (const char* more : {"", " {\"a\": 1}", "\n"})
    CHECK_THROWS_WITH(parse_json("{}\n\0"s + more, "z.json"),
                      "z.json:2:1: expected nothing after the end of the first value; got byte "
                      "0x00");
  for (const std::string& text : {"\0{}"s, "{\"a\":\n \0 1}"s, "[1\0]"s})
    CHECK_THROWS_AS(parse_json(text, "z.json"), SpecError);
}
