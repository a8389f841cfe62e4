#pragma once
// A record of matches as short texts, for files of results: digits of base 64 (A-Z a-z 0-9 - _), as
// many for a picture's number as the last one takes.

#include <string>
#include <string_view>

#include "prototypes/detection/metrics/match_record.hpp"

namespace atto::det {

/// Pictures, one after the other.
std::string places_text(std::span<const std::int32_t> places, int pictures);
/// Pictures, each followed by at how many of the thresholds, from the lowest on, its detection is
/// right, where it is wrong at all others: a digit of 0 to 10. Else by '*' and the bits that are
/// right and those that are wrong, two digits each.
std::string matches_text(std::span<const Match> matches, int pictures);

/// Reads such texts. Throw std::invalid_argument with the rule that a text breaks.
std::vector<std::int32_t> read_places(std::string_view text, int pictures);
std::vector<Match> read_matches(std::string_view text, int pictures);

}  // namespace atto::det
