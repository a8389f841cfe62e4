#pragma once
// A bitmap font of printable ASCII, for names and scores in pictures.

#include <cstdint>
#include <string_view>
#include <vector>

namespace atto::det {

/// Pixels of a glyph, and from one to the next.
inline constexpr int kGlyphWidth = 5, kGlyphHeight = 7, kGlyphStep = 6;

/// Says whether pixel (x, y) of a character's glyph is ink; a hollow box stands for what is not
/// printable ASCII.
bool is_ink(char32_t character, int x, int y);

/// Returns the characters of a UTF-8 text; bytes that are none are one character each.
std::vector<char32_t> characters_of(std::string_view text);

}  // namespace atto::det
