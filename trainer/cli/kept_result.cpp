#include "trainer/cli/kept_result.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "design_specs/errors.hpp"
#include "design_specs/reading/problems.hpp"
#include "prototypes/detection/metrics/match_text.hpp"

namespace atto::cli {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::int64_t kMostImages = 100'000'000;

std::size_t digits_for(std::size_t bits) {
  return (bits + 3) / 4;
}

class Reader {
 public:
  explicit Reader(spec::Problems& problems) : problems_(problems) {}

  KeptResult read(const spec::Cursor& root) {
    KeptResult result;
    if (const auto at = problems_.required(root, "outcome"))
      if (const auto outcome = problems_.text(*at); outcome && *outcome != "finished")
        problems_.add(*at, "must be finished");
    result.network = text(root, "network");
    result.design_hash = text(root, "design_hash");
    result.dataset = text(root, "dataset");
    result.digest = text(root, "dataset_digest");
    result.params = count(root, "params");
    result.macs = count(root, "macs");
    if (const auto at = spec::Problems::member(root, "test_matches"))
      result.test_matches = read_record(*at);
    else if (const auto bits = problems_.required(root, "test_right"))
      result.test_right = read_text(*bits, read_bits);
    return result;
  }

 private:
  /// What `parse` makes of a text, or throws std::invalid_argument about.
  template <class Parse>
  auto read_text(const spec::Cursor& at, const Parse& parse) -> decltype(parse(std::string())) {
    if (const auto text = problems_.text(at)) try {
        return parse(*text);
      } catch (const std::invalid_argument& error) {
        problems_.add(at, error.what(), "");
      }
    return {};
  }

  det::MatchRecord read_record(const spec::Cursor& root) {
    det::MatchRecord record;
    if (!problems_.expect_record(root)) return record;
    record.pictures = int(count(root, "pictures", kMostImages));
    const auto places = [&](const std::string& text) {
      return det::read_places(text, record.pictures);
    };
    const auto matches = [&](const std::string& text) {
      return det::read_matches(text, record.pictures);
    };
    if (const auto at = problems_.required(root, "objects"))
      record.objects = read_classes(*at, places);
    if (const auto at = problems_.required(root, "boxes"))
      record.boxes = read_classes(*at, matches, record.objects.size());
    if (const auto at = spec::Problems::member(root, "masks"))
      record.masks = read_classes(*at, matches, record.objects.size());
    return record;
  }

  /// A list with a text a class.
  template <class Parse>
  auto read_classes(const spec::Cursor& at, const Parse& parse,
                    std::optional<std::size_t> count = {})
      -> std::vector<decltype(parse(std::string()))> {
    std::vector<decltype(parse(std::string()))> classes;
    if (at->kind != spec::Kind::Array || at->items.empty() ||
        (count && at->items.size() != *count)) {
      problems_.add(at, "must be a list with a text a class");
      return classes;
    }
    for (std::size_t i = 0; i < at->items.size(); ++i)
      classes.push_back(read_text(at.at(i), parse));
    return classes;
  }

  std::string text(const spec::Cursor& root, const char* key) {
    const auto at = problems_.required(root, key);
    return at ? problems_.text(*at).value_or("") : "";
  }
  std::int64_t count(const spec::Cursor& root, const char* key,
                     std::int64_t most = std::int64_t{1} << 60) {
    const auto at = problems_.required(root, key);
    return at ? problems_.integer(*at, 0, most).value_or(0) : 0;
  }

  spec::Problems& problems_;
};

}  // namespace

std::string bits_text(const std::vector<std::uint8_t>& bits) {
  std::string text = std::to_string(bits.size()) + ":";
  for (std::size_t at = 0; at < bits.size(); at += 4) {
    unsigned digit = 0;
    for (std::size_t i = at; i < at + 4; ++i)
      digit = digit << 1 | (i < bits.size() && bits[i] != 0 ? 1U : 0U);
    text += kDigits[digit];
  }
  return text;
}

std::vector<std::uint8_t> read_bits(const std::string& text) {
  std::size_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [colon, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || colon == end || *colon != ':' || count > std::size_t{kMostImages})
    throw std::invalid_argument("must begin with a number of images and a colon");
  const std::string_view digits(colon + 1, end);
  if (digits.size() != digits_for(count))
    throw std::invalid_argument("must have a hex digit for each four images");
  std::vector<std::uint8_t> bits;
  bits.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t digit = kDigits.find(digits[i / 4]);
    if (digit == std::string_view::npos) throw std::invalid_argument("must be of 0-9 and a-f");
    bits.push_back(digit >> (3 - i % 4) & 1U);
  }
  return bits;
}

nlohmann::ordered_json matches_json(const det::MatchRecord& record) {
  nlohmann::ordered_json json = {{"pictures", record.pictures}};
  for (const auto& places : record.objects)
    json["objects"].push_back(det::places_text(places, record.pictures));
  for (const auto& matches : record.boxes)
    json["boxes"].push_back(det::matches_text(matches, record.pictures));
  for (const auto& matches : record.masks)
    json["masks"].push_back(det::matches_text(matches, record.pictures));
  return json;
}

KeptResult read_kept_result(const spec::Document& document) {
  spec::Problems problems(document.name);
  const spec::Cursor root{&document.root, ""};
  KeptResult result = Reader(problems).read(root);
  result.file = document.name;
  problems.throw_if_any();
  return result;
}

}  // namespace atto::cli
