#pragma once
// The picture of a network, for people: SVG without scripts, in light and dark, with its own
// colours.

#include <string>

#include "prototypes/drawing/diagram.hpp"

namespace atto::net {

/// Draws cards from left to right and top to bottom, as wide as a page. Each block says what it is,
/// how wide, who settled it (its left edge), and with two bars its share of multiply-adds and
/// parameters. Details are shown when the mouse is over it. All text is escaped.
/// `is_inline`: as a part of an HTML page, else as a file of its own.
std::string network_svg(const Diagram& diagram, bool is_inline = false);

}  // namespace atto::net
