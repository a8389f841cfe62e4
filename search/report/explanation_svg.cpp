// An explanation as a picture: a card for every place of the network, then the effects of the most
// important decisions with their uncertainty.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "generator/space/decision_forest.hpp"
#include "search/report/explanation.hpp"
#include "search/report/svg.hpp"

namespace atto::search {
namespace {

constexpr int kWidth = 1180, kMargin = 28, kColumns = 4, kGap = 16;
constexpr int kCardWidth = (kWidth - 2 * kMargin - (kColumns - 1) * kGap) / kColumns;
constexpr int kCardHead = 30, kRow = 36, kTop = 92, kEffectRow = 30;
constexpr std::size_t kRowsInCard = 6, kEffects = 12;
constexpr const char* kOptionColours[] = {"#2f6f9f", "#e0803c", "#4f9d69", "#b65a8c",
                                          "#8a7cc2", "#c2a83e", "#5aa7b0", "#a0583c"};

const char* colour_of(std::size_t option) {
  return kOptionColours[option % std::size(kOptionColours)];
}

std::string text_at(double x, double y, const std::string& kind, const std::string& text,
                    const char* anchor = "start") {
  return fmt::format("<text x='{:.1f}' y='{:.1f}' class='{}' text-anchor='{}'>{}</text>\n", x, y,
                     kind, anchor, escaped(text));
}

std::string cut(const std::string& text, std::size_t most) {
  return text.size() <= most ? text : text.substr(0, most - 1) + "…";
}

/// Paths inside of a module differ at their ends.
std::string cut_path(const std::string& path, std::size_t most) {
  return path.size() <= most ? path : "…" + path.substr(path.size() - most + 1);
}

/// Returns where a decision stands: its module, its stage, else the part of the network.
std::string place_of(const std::string& path) {
  const std::string module(gen::module_of(path));
  if (!module.empty()) return module;
  return path.substr(0, path.find_first_of(".["));
}

std::string tip_of(const ExplainedDecision& decision, std::size_t option) {
  const ExplainedOption& of = decision.options[option];
  return fmt::format("{} = {}: {:.0f} % ({:.0f} % at first), {} designs", decision.path, of.label,
                     100 * of.probability, 100 * of.at_first, of.designs);
}

/// Options side by side, each as wide as it is likely.
std::string stacked_bar(const ExplainedDecision& decision, double x, double y, double width,
                        double height) {
  std::string svg;
  for (std::size_t i = 0; i < decision.options.size(); ++i) {
    const double share = decision.options[i].probability * width;
    if (share < 0.3) continue;
    svg += fmt::format(
        "<rect x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{}' fill='{}' opacity='{}'>"
        "<title>{}</title></rect>\n",
        x, y, std::max(0.3, share - 1), height, colour_of(i),
        i == decision.preferred ? "1" : "0.45", escaped(tip_of(decision, i)));
    x += share;
  }
  return svg;
}

/// Widths from narrow to wide, each bin as high as it is likely.
std::string histogram(const ExplainedDecision& decision, double x, double y, double width,
                      double height) {
  std::string svg =
      fmt::format("<line x1='{0:.1f}' y1='{2:.1f}' x2='{1:.1f}' y2='{2:.1f}' class='rule'/>\n", x,
                  x + width, y + height);
  const double step = width / double(decision.options.size());
  double most = 0;
  for (const ExplainedOption& option : decision.options) most = std::max(most, option.probability);
  for (std::size_t i = 0; i < decision.options.size(); ++i) {
    const double high = most > 0 ? decision.options[i].probability / most * height : 0;
    svg += fmt::format(
        "<rect x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}' fill='#2f6f9f' opacity='{}'>"
        "<title>{}</title></rect>\n",
        x + step * double(i), y + height - high, step * 0.86, high,
        i == decision.preferred ? "1" : "0.45", escaped(tip_of(decision, i)));
  }
  return svg;
}

/// A disc that is the fuller the surer: empty at even odds.
std::string confidence_disc(const ExplainedDecision& decision, double x, double y) {
  if (decision.confidence <= 0) return "";
  const double sure = std::clamp(2 * decision.confidence - 1, 0.0, 1.0);
  return fmt::format(
      "<circle cx='{0:.1f}' cy='{1:.1f}' r='5' class='ring'/><circle cx='{0:.1f}' cy='{1:.1f}' "
      "r='{2:.1f}' fill='#22303c'><title>sure {3:.0f} %</title></circle>\n",
      x, y, 5 * std::sqrt(sure), 100 * decision.confidence);
}

std::string flag(double x, double y) {
  return fmt::format(
      "<path d='M{0:.1f} {1:.1f}v-11l8 3.5l-8 3.5' fill='#c0392b' stroke='#c0392b'>"
      "<title>steered by people</title></path>\n",
      x, y);
}

std::string card_row(const ExplainedDecision& decision, const std::string& place, double x,
                     double y) {
  const double width = kCardWidth - 24;
  std::string name = decision.path.substr(std::min(place.size(), decision.path.size()));
  if (name.starts_with(".")) name.erase(0, 1);
  if (name.empty()) name = decision.path;
  std::string svg = text_at(x, y + 10, "small", cut_path(name, 26));
  const double flag_room = decision.is_steered ? 12 : 0;
  svg += text_at(x + width - 16 - flag_room, y + 10, "choice",
                 cut(decision.options[decision.preferred].label, 16), "end");
  if (decision.is_steered) svg += flag(x + width - 24, y + 11);
  svg += confidence_disc(decision, x + width - 6, y + 7);
  return svg + (decision.is_width ? histogram(decision, x, y + 14, width, 13)
                                  : stacked_bar(decision, x, y + 16, width, 10));
}

struct Card {
  std::string place;
  std::vector<const ExplainedDecision*> decisions;  ///< the most important first
  double presence = 0;

  std::size_t rows() const { return std::min(kRowsInCard, decisions.size()); }
  int height() const { return kCardHead + kRow * static_cast<int>(rows()) + 10; }
};

/// One card a place, in the network's order: places sort by their first decision's path.
std::vector<Card> cards_of(const Explanation& explanation) {
  std::vector<Card> cards;
  std::map<std::string, std::size_t> known;
  for (const ExplainedDecision& decision : explanation.decisions) {
    const std::string place = place_of(decision.path);
    const auto [at, is_new] = known.try_emplace(place, cards.size());
    if (is_new) cards.push_back({place, {}, 0});
    Card& card = cards[at->second];
    card.decisions.push_back(&decision);
    card.presence = std::max(card.presence, decision.presence);
  }
  const auto order = [](const std::string& place) {
    const int part = place == "stem" ? 0 : place == "head" ? 3 : place == "stages" ? 1 : 2;
    return std::pair(place == "let" ? 0 : part, place);
  };
  std::stable_sort(cards.begin(), cards.end(),
                   [&](const Card& a, const Card& b) { return order(a.place) < order(b.place); });
  return cards;
}

std::string draw_card(const Card& card, double x, double y, int height) {
  std::string svg = fmt::format(
      "<rect x='{:.1f}' y='{:.1f}' width='{}' height='{}' rx='8' class='card' opacity='{:.2f}'/>\n",
      x, y, kCardWidth, height, 0.45 + 0.55 * card.presence);
  svg += text_at(x + 12, y + 20, "place", cut(card.place, 30));
  if (card.presence < 0.995)
    svg += text_at(x + kCardWidth - 12, y + 20, "small",
                   fmt::format("in {:.0f} %", 100 * card.presence), "end");
  for (std::size_t i = 0; i < card.rows(); ++i)
    svg += card_row(*card.decisions[i], card.place, x + 12, y + kCardHead + kRow * double(i));
  return svg;
}

/// Draws all cards; moves `y` below them.
std::string draw_cards(const std::vector<Card>& cards, double& y) {
  std::string svg;
  for (std::size_t first = 0; first < cards.size(); first += kColumns) {
    const std::size_t end = std::min(cards.size(), first + kColumns);
    int height = 0;
    for (std::size_t i = first; i < end; ++i) height = std::max(height, cards[i].height());
    for (std::size_t i = first; i < end; ++i)
      svg += draw_card(cards[i], kMargin + double(i - first) * (kCardWidth + kGap), y, height);
    y += height + kGap;
  }
  return svg;
}

/// The marks of one decision's effects: a dot an option, with a standard deviation either way.
struct Mark {
  double effect = 0, deviation = 0;
  std::size_t option = 0;
};

std::vector<Mark> marks_of(const ExplainedDecision& decision) {
  if (decision.width_effect) return {{*decision.width_effect, *decision.width_deviation, 0}};
  std::vector<Mark> marks;
  for (std::size_t i = 0; i < decision.options.size(); ++i)
    if (decision.options[i].effect)
      marks.push_back({*decision.options[i].effect, *decision.options[i].deviation, i});
  return marks;
}

std::string draw_effects(const Explanation& explanation, double& y) {
  constexpr double kFrom = 470, kTo = 850, kBar = 880;
  std::vector<const ExplainedDecision*> shown;
  for (const ExplainedDecision& decision : explanation.decisions)
    if (shown.size() < kEffects && decision.importance > 0) shown.push_back(&decision);
  std::string svg = text_at(kMargin, y + 24, "head", "What matters most, and how sure that is");
  y += 40;
  if (shown.empty()) {
    svg += text_at(kMargin, y + 10, "small", "Nothing is learnt yet.");
    y += 24;
    return svg;
  }
  double reach = 1e-9;
  for (const ExplainedDecision* decision : shown)
    for (const Mark& mark : marks_of(*decision))
      reach = std::max(reach, std::abs(mark.effect) + mark.deviation);
  const auto at = [&](double effect) {
    return (kFrom + kTo) / 2 + effect / reach * (kTo - kFrom) / 2;
  };
  const double scale = explanation.scale, end = y + kEffectRow * double(shown.size());
  svg += fmt::format("<line x1='{0:.1f}' y1='{1:.1f}' x2='{0:.1f}' y2='{2:.1f}' class='rule'/>\n",
                     at(0), y, end);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const double middle = y + kEffectRow * (double(i) + 0.5);
    svg += text_at(kMargin, middle + 4, "label", cut_path(shown[i]->path, 58));
    for (const Mark& mark : marks_of(*shown[i]))
      svg += fmt::format(
          "<g fill='{3}' stroke='{3}'><line x1='{0:.1f}' x2='{1:.1f}' y1='{2:.1f}' y2='{2:.1f}' "
          "stroke-width='2' opacity='0.5'/><circle cx='{4:.1f}' cy='{2:.1f}' r='5'/>"
          "<title>{5}: {6:+.2f} ± {7:.2f}</title></g>\n",
          at(mark.effect - mark.deviation), at(mark.effect + mark.deviation), middle,
          colour_of(mark.option), at(mark.effect),
          escaped(shown[i]->is_width ? "widest against narrowest"
                                     : shown[i]->options[mark.option].label),
          scale * mark.effect, scale * mark.deviation);
    svg += shown[i]->is_width
               ? histogram(*shown[i], kBar, middle - 9, kWidth - kMargin - kBar, 16)
               : stacked_bar(*shown[i], kBar, middle - 6, kWidth - kMargin - kBar, 12);
  }
  const char* unit = scale > 1 ? " points" : "";
  svg += text_at(kFrom, end + 14, "small", fmt::format("{:+.2f}{}", -scale * reach, unit));
  svg += text_at(at(0), end + 14, "small", "0", "middle");
  svg += text_at(kTo, end + 14, "small", fmt::format("{:+.2f}{}", scale * reach, unit), "end");
  svg += text_at(kBar, end + 14, "small", "share of generated designs");
  y = end + 30;
  return svg;
}

}  // namespace

std::string explanation_svg(const Explanation& explanation) {
  double y = kTop;
  std::string body = draw_cards(cards_of(explanation), y);
  body += draw_effects(explanation, y);
  body += text_at(
      kMargin, y + 6, "small",
      "Bars: how often the generator takes each option; the preferred one is in full "
      "colour. Discs: the fuller, the surer. Flags: steered by people. In so many %: of the "
      "designs.");
  const int height = static_cast<int>(y) + 28;
  std::string svg = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0} {1}' width='{0}' height='{1}' "
      "font-family='system-ui, sans-serif'>\n<style>.title{{font-size:22px;font-weight:600}}"
      ".head{{font-size:16px;font-weight:600}}.place{{font-size:12.5px;font-weight:600}}"
      ".small{{font-size:10.5px;fill:#6b7884}}.choice{{font-size:10.5px;font-weight:600}}"
      ".label{{font-size:12px}}text{{fill:#22303c}}.card{{fill:#fff;stroke:#d9d4c7}}"
      ".rule{{stroke:#b9b4a7}}.ring{{fill:none;stroke:#9aa5ae}}</style>\n"
      "<rect width='100%' height='100%' fill='#f6f3ec'/>\n",
      kWidth, height);
  const std::string tier = explanation.tier.empty() ? "" : ", tier " + explanation.tier;
  svg += text_at(kMargin, 44, "title",
                 fmt::format("What each module of {}{} should be", explanation.campaign, tier));
  svg += text_at(kMargin, 66, "label",
                 fmt::format("cycle {} of {}: {} results of {} designs", explanation.cycle,
                             explanation.cycles, explanation.results, explanation.designs));
  return svg + body + "</svg>\n";
}

}  // namespace atto::search
