#include "prototypes/detection/metrics/match_text.hpp"

#include <stdexcept>

#include "prototypes/detection/metrics/verdicts.hpp"

namespace atto::det {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr unsigned kBase = 64;
constexpr unsigned kAll = (1U << kThresholds) - 1;
constexpr char kOther = '*';

std::size_t digits_for(int pictures) {
  std::size_t digits = 1;
  for (unsigned last = pictures > 0 ? unsigned(pictures - 1) : 0; last >= kBase; last /= kBase)
    ++digits;
  return digits;
}

void add_number(std::string& text, unsigned number, std::size_t digits) {
  if (digits > 1) add_number(text, number / kBase, digits - 1);
  text += kDigits[number % kBase];
}

/// Takes a text apart from its front.
class Reader {
 public:
  Reader(std::string_view text, int pictures)
      : rest_(text), pictures_(unsigned(pictures)), digits_(digits_for(pictures)) {}

  bool is_at_end() const { return rest_.empty(); }
  unsigned number(std::size_t digits) {
    if (rest_.size() < digits) throw std::invalid_argument("must not end within a number");
    unsigned number = 0;
    for (const char digit : rest_.substr(0, digits)) {
      const std::size_t value = kDigits.find(digit);
      if (value == std::string_view::npos)
        throw std::invalid_argument("must be of A-Z, a-z, 0-9, - and _");
      number = number * kBase + unsigned(value);
    }
    rest_.remove_prefix(digits);
    return number;
  }
  std::int32_t picture() {
    const unsigned picture = number(digits_);
    if (picture >= pictures_) throw std::invalid_argument("must name pictures that there are");
    return std::int32_t(picture);
  }
  Match match() {
    Match match{picture(), 0, 0};
    unsigned right = 0, wrong = 0;
    if (rest_.starts_with(kOther)) {
      rest_.remove_prefix(1);
      right = number(2), wrong = number(2);
    } else {
      const unsigned count = number(1);
      if (count > kThresholds) throw std::invalid_argument("must be right at 10 overlaps at most");
      right = (1U << count) - 1, wrong = kAll & ~right;
    }
    if ((right | wrong) > kAll || (right & wrong) != 0)
      throw std::invalid_argument("must be right or wrong at an overlap, of 10");
    match.right = std::uint16_t(right), match.wrong = std::uint16_t(wrong);
    return match;
  }

 private:
  std::string_view rest_;
  unsigned pictures_;
  std::size_t digits_;
};

}  // namespace

std::string places_text(std::span<const std::int32_t> places, int pictures) {
  std::string text;
  for (const std::int32_t place : places) add_number(text, unsigned(place), digits_for(pictures));
  return text;
}

std::string matches_text(std::span<const Match> matches, int pictures) {
  std::string text;
  for (const Match& match : matches) {
    add_number(text, unsigned(match.picture), digits_for(pictures));
    unsigned count = 0;
    while ((match.right >> count & 1U) != 0) ++count;
    if (match.right == (1U << count) - 1 && (match.right | match.wrong) == kAll) {
      text += kDigits[count];
      continue;
    }
    text += kOther;
    add_number(text, match.right, 2);
    add_number(text, match.wrong, 2);
  }
  return text;
}

std::vector<std::int32_t> read_places(std::string_view text, int pictures) {
  std::vector<std::int32_t> places;
  for (Reader reader(text, pictures); !reader.is_at_end();) places.push_back(reader.picture());
  return places;
}

std::vector<Match> read_matches(std::string_view text, int pictures) {
  std::vector<Match> matches;
  for (Reader reader(text, pictures); !reader.is_at_end();) matches.push_back(reader.match());
  return matches;
}

}  // namespace atto::det
