#include "prototypes/drawing/network_svg.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "design_specs/markup.hpp"

namespace atto::net {
namespace {

using spec::escaped;
using spec::grouped;

constexpr int kPageWidth = 1180, kMargin = 16, kLegendHeight = 84;
constexpr int kBlockWidth = 164, kBlockHeight = 46, kColumnGap = 22, kRankGap = 18;
constexpr int kPadding = 12, kHeadHeight = 56, kFootHeight = 38, kCardGap = 28, kLane = 7;
constexpr int kLineHeight = 14;
constexpr int kPixelsALetter = 6, kPixelsABoldLetter = 7;

constexpr std::string_view kStyle =
    "<style>.net{--n-fg:#1b2430;--n-dim:#5f6b80;--n-card:#fff;--n-line:#ccd3de;--n-block:#f3f5f9;"
    "--n-text:#9aa5b5;--n-machine:#2563eb;--n-person:#d97706;--n-macs:#0e9384;--n-params:#a855f7;"
    "--n-page:#fafbfc;font:12px system-ui,sans-serif}"
    "@media(prefers-color-scheme:dark){.net{--n-fg:#e6eaf0;--n-dim:#9aa7ba;--n-card:#1a2029;"
    "--n-line:#3a4555;--n-block:#232b37;--n-text:#6b778a;--n-machine:#6c9eff;--n-person:#f2a33c;"
    "--n-macs:#2dd4bf;--n-params:#c084fc;--n-page:#12161c}}"
    ".net text{fill:var(--n-fg)}.net .dim{fill:var(--n-dim);font-size:11px}"
    ".net .sure{fill:var(--n-machine);font-size:11px;text-anchor:end}"
    ".net .name{font-weight:600}.net .page{fill:var(--n-page)}"
    ".net .card{fill:var(--n-card);stroke:var(--n-line)}.net .block{fill:var(--n-block)}"
    ".net .by0{fill:var(--n-text)}.net .by1{fill:var(--n-machine)}.net .by2{fill:var(--n-person)}"
    ".net .macs{fill:var(--n-macs)}.net .params{fill:var(--n-params)}"
    ".net .edge{fill:none;stroke:var(--n-dim);stroke-width:1.3}"
    ".net .tip{fill:var(--n-dim)}</style>";

/// Text that fits so many pixels; its end is an ellipsis where it was cut.
std::string cut(const std::string& text, int pixels) {
  const auto letters = static_cast<std::size_t>(std::max(pixels / kPixelsALetter, 4));
  return text.size() <= letters ? text : text.substr(0, letters - 1) + "…";
}

std::string percent(std::int64_t part, std::int64_t whole) {
  return fmt::format("{:.1f} %", whole == 0 ? 0.0 : 100.0 * double(part) / double(whole));
}

std::string text_at(int x, int y, const char* style, const std::string& text) {
  return fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\">{}</text>\n", x, y, style,
                     escaped(text));
}

std::string box_at(int x, int y, int width, int height, const std::string& style, int radius = 0) {
  return fmt::format(
      "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\" class=\"{}\"/>\n", x, y, width,
      height, radius, style);
}

const char* style_of(SettledBy by) {
  return by == SettledBy::Person ? "by2" : by == SettledBy::Machine ? "by1" : "by0";
}

std::string sure_text(double confidence) {
  return fmt::format("sure {:.0f} %", 100 * confidence);
}

/// "chain #3, shortcut none (sure 85 %)": decisions by the last part of their paths.
std::string decisions_text(const DrawnDecisions& decisions) {
  std::string text;
  for (const DrawnDecision& one : decisions) {
    std::string value = one.value;
    value.erase(std::remove(value.begin(), value.end(), '"'), value.end());
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                        one.path.substr(one.path.rfind('.') + 1), value);
    if (one.confidence) text += " (" + sure_text(*one.confidence) + ")";
  }
  return text;
}

/// The least of what is known of several.
std::optional<double> confidence_of(const DrawnDecisions& decisions) {
  std::optional<double> least;
  for (const DrawnDecision& one : decisions)
    if (one.confidence) least = std::min(least.value_or(1), *one.confidence);
  return least;
}

std::string arrow(int x, int y) {
  return fmt::format("<path class=\"tip\" d=\"M{} {}l-4 -6h8z\"/>\n", x, y);
}

/// Draws one card at a place of the page.
class CardDrawing {
 public:
  CardDrawing(const Diagram& diagram, const DrawnCard& card, std::int64_t most_macs,
              std::int64_t most_params)
      : diagram_(diagram), card_(card), most_macs_(most_macs), most_params_(most_params) {
    for (const DrawnBlock& block : card.blocks) {
      const auto column = static_cast<std::size_t>(block.column);
      if (lanes_.size() <= column) lanes_.resize(column + 1);
      ranks_ = std::max(ranks_, block.rank + 1);
      for (const int input : block.inputs) lanes_[column] += is_bypass(block, input);
      lanes_[column] += block.reads_card && block.rank > 0;
    }
  }

  int width() const {
    return left_of(static_cast<int>(lanes_.size())) - x_ - kColumnGap + kPadding;
  }
  int height() const {
    return kHeadHeight + ranks_ * (kBlockHeight + kRankGap) + kFootHeight +
           (card_.far_readers.empty() ? 0 : kLineHeight);
  }

  std::string at(int x, int y) {
    x_ = x, y_ = y;
    taken_.assign(lanes_.size(), 0);
    std::string svg = box_at(x, y, width(), height(), "card", 8) + head();
    for (const DrawnBlock& block : card_.blocks) svg += edges(block);
    for (const DrawnBlock& block : card_.blocks) svg += drawn(block);
    const Shape& made = card_.blocks.back().shape;
    const int foot = y + height() - 9;
    if (!card_.far_readers.empty())
      svg += text_at(
          x + kPadding, foot - 2 * kLineHeight, "dim",
          cut(fmt::format("to {}", fmt::join(card_.far_readers, ", ")), width() - 2 * kPadding));
    return svg +
           text_at(x + kPadding, foot - kLineHeight, "dim",
                   fmt::format("makes {} x {} x {}", made.channels, made.height, made.width)) +
           text_at(x + kPadding, foot, "dim",
                   fmt::format("{} MACs, {} params", percent(card_.macs, diagram_.macs),
                               percent(card_.params, diagram_.params)));
  }

 private:
  /// Whether other blocks stand between the two, straight below each other.
  bool is_bypass(const DrawnBlock& block, int input) const {
    const DrawnBlock& source = card_.blocks[static_cast<std::size_t>(input)];
    return source.column == block.column &&
           std::any_of(card_.blocks.begin(), card_.blocks.end(), [&](const DrawnBlock& other) {
             return other.column == block.column && other.rank > source.rank &&
                    other.rank < block.rank;
           });
  }
  /// Lanes run beside their column, so that they pass behind no other one.
  int left_of(int column) const {
    int x = x_ + kPadding + column * (kBlockWidth + kColumnGap);
    for (int c = 0; c < column; ++c) x += kLane * lanes_[static_cast<std::size_t>(c)];
    return x;
  }
  int left(const DrawnBlock& block) const { return left_of(block.column); }
  int top(const DrawnBlock& block) const {
    return y_ + kHeadHeight + block.rank * (kBlockHeight + kRankGap);
  }
  int lane(const DrawnBlock& block) {
    const auto column = static_cast<std::size_t>(block.column);
    return left(block) + kBlockWidth + kLane * ++taken_[column];  // the longest come last
  }

  std::string head() const {
    const int room = width() - 2 * kPadding;
    std::string title = (card_.stage.empty() ? "" : card_.stage + ".") + card_.title;
    std::string svg = box_at(x_, y_ + 8, 4, 16, style_of(card_.by));
    svg += text_at(x_ + kPadding, y_ + 20, "name",
                   cut(title, room * kPixelsALetter / kPixelsABoldLetter));
    std::string settled = decisions_text(card_.decisions);
    for (const DrawnStage& stage : diagram_.stages)
      if (stage.place == card_.stage && first_of_stage())
        settled += (settled.empty() ? "" : "; ") + ("stage: " + decisions_text(stage.decisions));
    if (!settled.empty())
      svg += fmt::format("<g><title>{}</title>{}</g>\n", escaped(settled),
                         text_at(x_ + kPadding, y_ + 36, "dim", cut(settled, room)));
    return svg;
  }

  bool first_of_stage() const {
    const auto first = std::find_if(diagram_.cards.begin(), diagram_.cards.end(),
                                    [&](const DrawnCard& one) { return one.stage == card_.stage; });
    return &*first == &card_;
  }

  std::string edges(const DrawnBlock& block) {
    const int x = left(block) + kBlockWidth / 2, y = top(block), right = left(block) + kBlockWidth;
    std::string svg;
    const auto along_lane = [&](int from_x, int from_y) {
      const int lane_x = lane(block);
      svg += fmt::format("<path class=\"edge\" d=\"M{} {}H{}V{}H{}\"/>\n", from_x, from_y, lane_x,
                         y + kBlockHeight / 2, right);
      svg +=
          fmt::format("<path class=\"tip\" d=\"M{} {}l6 -4v8z\"/>\n", right, y + kBlockHeight / 2);
    };
    if (is_skip(block) && block.column == 0)
      svg += fmt::format(
          "<path class=\"edge\" d=\"M{0} {2}H{1}\"/><path class=\"tip\" d=\"M{1} {2}l-6 "
          "-4v8z\"/>\n",
          x_, left(block), y + kBlockHeight - 10);
    if (block.reads_card) {
      if (block.rank > 0) {
        along_lane(x_ + kPadding + kBlockWidth / 2, y_ + kHeadHeight - 12);
      } else {
        svg += fmt::format("<path class=\"edge\" d=\"M{} {}V{}\"/>\n", x, y - 12, y) + arrow(x, y);
      }
    }
    for (const int input : block.inputs) {
      const DrawnBlock& source = card_.blocks[static_cast<std::size_t>(input)];
      const int from_x = left(source) + kBlockWidth / 2, from_y = top(source) + kBlockHeight;
      if (is_bypass(block, input)) {
        along_lane(left(source) + kBlockWidth, top(source) + kBlockHeight / 2);
      } else if (from_x == x) {
        svg += fmt::format("<path class=\"edge\" d=\"M{} {}V{}\"/>\n", x, from_y, y) + arrow(x, y);
      } else {
        const int bend = y - kRankGap;
        svg += fmt::format("<path class=\"edge\" d=\"M{0} {1}V{2}C{0} {3} {4} {2} {4} {3}\"/>\n",
                           from_x, from_y, bend, y, x) +
               arrow(x, y);
      }
    }
    return svg;
  }

  /// Whether it joins earlier maps and has room to say which, in place of its bars.
  static bool is_skip(const DrawnBlock& block) {
    return !block.from_afar.empty() && block.macs == 0 && block.params == 0;
  }

  std::string drawn(const DrawnBlock& block) const {
    const int x = left(block), y = top(block);
    const std::string afar = fmt::format("from {}", fmt::join(block.from_afar, ", "));
    std::string detail = block.detail;
    if (!block.from_afar.empty() && !is_skip(block)) detail = afar + "; " + detail;
    std::string tip = fmt::format(
        "{}\n{}, {}\n{} x {} x {}\n{} parameters, {} multiply-adds", block.place, block.title,
        is_skip(block) ? detail + ", " + afar : detail, block.shape.channels, block.shape.height,
        block.shape.width, grouped(block.params), grouped(block.macs));
    for (const DrawnDecision& one : block.decisions) {
      tip += fmt::format("\n{} = {}, by {}", one.path, one.value,
                         one.by == By::Human ? "people" : "the machine");
      if (one.confidence) tip += ", " + sure_text(*one.confidence);
    }
    std::string sure;
    if (const auto confidence = confidence_of(block.decisions))
      sure = fmt::format("<text x=\"{}\" y=\"{}\" class=\"sure\">{:.0f} %</text>\n",
                         x + kBlockWidth - 6, y + 30, 100 * *confidence);
    const auto bar = [&](std::int64_t part, std::int64_t most, int row, const char* style) {
      const int width = most == 0 ? 0 : int((kBlockWidth - 16) * double(part) / double(most) + 0.5);
      return width == 0 ? "" : box_at(x + 10, y + kBlockHeight - 10 + 4 * row, width, 3, style);
    };
    return fmt::format("<g><title>{}</title>\n", escaped(tip)) +
           box_at(x, y, kBlockWidth, kBlockHeight, "block", 4) +
           box_at(x, y, 4, kBlockHeight, style_of(block.by)) +
           text_at(x + 10, y + 15, "name",
                   cut(block.title, (kBlockWidth - 14) * kPixelsALetter / kPixelsABoldLetter)) +
           text_at(x + 10, y + 30, "dim", cut(detail, kBlockWidth - (sure.empty() ? 14 : 50))) +
           sure +
           (is_skip(block) ? text_at(x + 10, y + 42, "dim", cut(afar, kBlockWidth - 14)) : "") +
           bar(block.macs, most_macs_, 0, "macs") + bar(block.params, most_params_, 1, "params") +
           "</g>\n";
  }

  const Diagram& diagram_;
  const DrawnCard& card_;
  std::int64_t most_macs_, most_params_;
  std::vector<int> lanes_ = {0}, taken_;  ///< by column
  int ranks_ = 1, x_ = 0, y_ = 0;
};

bool shows_confidence(const Diagram& diagram) {
  return std::any_of(diagram.cards.begin(), diagram.cards.end(), [](const DrawnCard& card) {
    return std::any_of(card.blocks.begin(), card.blocks.end(), [](const DrawnBlock& block) {
      return confidence_of(block.decisions).has_value();
    });
  });
}

std::string legend(const Diagram& diagram, int width) {
  const std::string title = fmt::format(
      "{}: {} parameters, {} multiply-adds, images {} x {} x {}, {} classes", diagram.name,
      grouped(diagram.params), grouped(diagram.macs), diagram.input.channels, diagram.input.height,
      diagram.input.width, diagram.classes);
  std::string svg = text_at(kMargin, 28, "name", cut(title, width - 2 * kMargin));
  int x = kMargin;
  const auto entry = [&](const char* style, int bar_width, const std::string& words) {
    svg += box_at(x, 44, bar_width, bar_width > 4 ? 4 : 14, style);
    svg += text_at(x + bar_width + 6, 55, "dim", words);
    x += bar_width + 26 + kPixelsALetter * int(words.size());
  };
  entry("by1", 4, "decided by the machine");
  if (shows_confidence(diagram)) entry("by1", 4, "80 %: how sure it is");
  entry("by2", 4, "decided by people");
  entry("by0", 4, "as written");
  entry("macs", 20, "share of multiply-adds");
  entry("params", 20, "share of parameters");
  return svg;
}

}  // namespace

std::string network_svg(const Diagram& diagram, bool is_inline) {
  std::int64_t most_macs = 0, most_params = 0;
  for (const DrawnCard& card : diagram.cards)
    for (const DrawnBlock& block : card.blocks) {
      most_macs = std::max(most_macs, block.macs);
      most_params = std::max(most_params, block.params);
    }
  std::string cards;
  int x = kMargin, y = kLegendHeight, row_height = 0, width = kPageWidth;
  for (const DrawnCard& card : diagram.cards) {
    CardDrawing drawing(diagram, card, most_macs, most_params);
    if (x > kMargin && x + drawing.width() + kMargin > kPageWidth)
      x = kMargin, y += row_height + kCardGap, row_height = 0;
    if (x > kMargin)
      cards += fmt::format(
          "<path class=\"edge\" d=\"M{} {}h{}\"/><path class=\"tip\" d=\"M{} {}l-7 -4v8z\"/>\n",
          x - kCardGap + 2, y + 20, kCardGap - 8, x - 2, y + 20);
    cards += drawing.at(x, y);
    width = std::max(width, x + drawing.width() + kMargin);
    x += drawing.width() + kCardGap;
    row_height = std::max(row_height, drawing.height());
  }
  const int height = y + row_height + kMargin;
  return fmt::format(
             "<svg{4} class=\"net\" viewBox=\"0 0 {0} {1}\" "
             "width=\"{0}\" height=\"{1}\" role=\"img\">\n<title>{2}</title>\n{3}\n",
             width, height, escaped(diagram.name), kStyle,
             is_inline ? "" : " xmlns=\"http://www.w3.org/2000/svg\"") +
         box_at(0, 0, width, height, "page") + legend(diagram, width) + cards + "</svg>\n";
}

}  // namespace atto::net
