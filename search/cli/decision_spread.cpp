#include "search/cli/decision_spread.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace atto::cli {
namespace {

constexpr std::size_t kBins = 12;  ///< of widths
constexpr int kBarCells = 40;
constexpr std::size_t kLabelCells = 40;  ///< longer labels are cut

/// Replaces the number in every "modules[N]" by a star.
std::string shared_name(std::string path) {
  constexpr std::string_view kOpen = "modules[";
  for (std::size_t at = path.find(kOpen); at != std::string::npos; at = path.find(kOpen, at + 1)) {
    const std::size_t first = at + kOpen.size();
    path.replace(first, path.find(']', first) - first, "*");
  }
  return path;
}

/// Returns the label of every alternative; many widths share bins, whose labels are ranges.
std::vector<std::string> bin_labels(const net::Decision& decision) {
  if (decision.labels.size() <= kBins) return decision.labels;
  std::vector<std::string> labels;
  const std::size_t count = decision.labels.size();
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    // The alternatives i with i * kBins / count == bin.
    const std::size_t first = (bin * count + kBins - 1) / kBins;
    const std::size_t last = ((bin + 1) * count + kBins - 1) / kBins - 1;
    labels.push_back(first == last ? decision.labels[first]
                                   : decision.labels[first] + "-" + decision.labels[last]);
  }
  return labels;
}

std::size_t bin_of(const net::Decision& decision, std::int32_t choice) {
  const auto i = static_cast<std::size_t>(choice);
  return decision.labels.size() <= kBins ? i : i * kBins / decision.labels.size();
}

Spread use_spread(const gen::FeasibleSpace& space, const std::vector<gen::Candidate>& designs) {
  Spread use{"use of the tightest ceiling", {}, std::vector<std::int64_t>(12)};
  use.labels = {"under 50%", "50-55%", "55-60%", "60-65%", "65-70%",  "70-75%",
                "75-80%",    "80-85%", "85-90%", "90-95%", "95-100%", "over 100%"};
  for (const gen::Candidate& design : designs) {
    const double share = space.tightest_use(design.assignment);
    const auto bin = static_cast<std::int64_t>(share * 20) - 9;
    const bool is_full = share == 1;
    ++use.counts[static_cast<std::size_t>(std::clamp<std::int64_t>(is_full ? 10 : bin, 0, 11))];
  }
  return use;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

std::int64_t total_of(const Spread& spread) {
  std::int64_t total = 0;
  for (const std::int64_t count : spread.counts) total += count;
  return total;
}

}  // namespace

std::vector<Spread> spread_of(const gen::FeasibleSpace& space,
                              const std::vector<gen::Candidate>& designs) {
  std::vector<Spread> spreads = {use_spread(space, designs)};
  std::map<std::pair<std::string, std::vector<std::string>>, std::size_t> known;
  const std::vector<net::Decision>& decisions = space.prototype().decisions();
  for (std::size_t d = 0; d < decisions.size(); ++d) {
    std::vector<std::string> labels = bin_labels(decisions[d]);
    const std::string name = shared_name(decisions[d].path);
    const auto [it, is_new] = known.try_emplace({name, labels}, spreads.size());
    if (is_new) spreads.push_back({name, labels, std::vector<std::int64_t>(labels.size())});
    for (const gen::Candidate& design : designs)
      if (design.assignment[d] != net::kInactive)
        ++spreads[it->second].counts[bin_of(decisions[d], design.assignment[d])];
  }
  return spreads;
}

std::string spread_text(const std::vector<Spread>& spreads) {
  std::string text;
  for (const Spread& spread : spreads) {
    const std::int64_t total = total_of(spread);
    if (total == 0) continue;
    text += fmt::format("{}\n", spread.name);
    const std::int64_t most = *std::max_element(spread.counts.begin(), spread.counts.end());
    std::size_t wide = 10;
    for (const std::string& label : spread.labels)
      wide = std::max(wide, std::min(label.size(), kLabelCells));
    for (std::size_t i = 0; i < spread.labels.size(); ++i) {
      const auto cells = static_cast<std::size_t>(kBarCells * spread.counts[i] / most);
      std::string bar;
      for (std::size_t c = 0; c < cells; ++c) bar += "█";
      text += fmt::format(
          "  {:>{}} {:5.1f}% {}\n", spread.labels[i].substr(0, kLabelCells), wide,
          100.0 * static_cast<double>(spread.counts[i]) / static_cast<double>(total), bar);
    }
  }
  return text;
}

std::string spread_svg(const std::vector<Spread>& spreads, const std::string& title) {
  constexpr int kColumns = 4, kWide = 260, kHigh = 120, kPlot = 70, kTop = 40;
  std::vector<const Spread*> shown;
  for (const Spread& spread : spreads)
    if (total_of(spread) > 0) shown.push_back(&spread);
  const int rows = (static_cast<int>(shown.size()) + kColumns - 1) / kColumns;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" "
      "font-family=\"sans-serif\" "
      "font-size=\"9\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
      "<text x=\"10\" y=\"22\" font-size=\"14\">{}</text>\n",
      kColumns * kWide + 20, rows * kHigh + kTop + 10, escaped(title));
  for (std::size_t s = 0; s < shown.size(); ++s) {
    const Spread& spread = *shown[s];
    const int x = 10 + kWide * (static_cast<int>(s) % kColumns);
    const int y = kTop + kHigh * (static_cast<int>(s) / kColumns);
    const std::int64_t most = *std::max_element(spread.counts.begin(), spread.counts.end());
    svg += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n", x, y + 10, escaped(spread.name));
    const double step = static_cast<double>(kWide - 20) / static_cast<double>(spread.labels.size());
    for (std::size_t i = 0; i < spread.labels.size(); ++i) {
      const double high = static_cast<double>(kPlot * spread.counts[i]) / static_cast<double>(most);
      svg += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"#4878a8\">"
          "<title>{}: {}</title></rect>\n",
          x + step * static_cast<double>(i), y + 16 + kPlot - high, step * 0.85, high,
          escaped(spread.labels[i]), spread.counts[i]);
    }
    svg += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n", x, y + kPlot + 27,
                       escaped(spread.labels.front().substr(0, 20)));
    svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", x + kWide - 20,
                       y + kPlot + 27, escaped(spread.labels.back().substr(0, 20)));
  }
  return svg + "</svg>\n";
}

}  // namespace atto::cli
